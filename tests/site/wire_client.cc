#include "tests/site/wire_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

#include "tests/site/message.h"
#include "tests/site/text.h"

namespace site {
namespace {

constexpr int kTimeoutSeconds = 20;  // no test may hang

std::string lower(std::string_view text) { return fold_case(text); }

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

void parse_head(std::string_view head, Reply& reply) {
  bool first = true;
  for (const std::string_view line : split(head, '\n')) {
    if (first) {
      if (line.size() > 12)
        reply.status = static_cast<int>(parse_number(line.substr(9, 3)).value_or(0));
      first = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    reply.headers[lower(line.substr(0, colon))] = trim(line.substr(colon + 1));
  }
}

}  // namespace

void WireClient::basic(std::string_view email, std::string_view token) {
  authorization_ = "Basic " + base64_encode(std::string(email) + ":" + std::string(token));
}

void WireClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void WireClient::connect() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval limit{};
  limit.tv_sec = kTimeoutSeconds;
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close();
    throw std::runtime_error("cannot connect to the site");
  }
  ++connections_;
}

void WireClient::send(std::string_view method, std::string_view target, std::string_view body,
                      const std::vector<std::string>& extra_headers) {
  if (socket_ < 0) connect();
  method_ = method;
  std::string text =
      std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!authorization_.empty()) text += "Authorization: " + authorization_ + "\r\n";
  for (const std::string& header : extra_headers) text += header + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t step = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (step <= 0) throw std::runtime_error("cannot send to the site");
    sent += static_cast<std::size_t>(step);
  }
}

Reply WireClient::receive() {
  Reply reply;
  std::string data;
  std::size_t head = std::string::npos;
  std::size_t length = 0;
  std::array<char, 65536> buffer{};
  while (head == std::string::npos || data.size() < head + length) {
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) throw std::runtime_error("the site does not answer");
      reply.reset = got < 0 && errno == ECONNRESET;
      break;
    }
    data.append(buffer.data(), static_cast<std::size_t>(got));
    if (head != std::string::npos) continue;
    const std::size_t end = data.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    head = end + 4;
    parse_head(std::string_view(data).substr(0, end), reply);
    length = static_cast<std::size_t>(parse_number(reply.header("content-length")).value_or(0));
    if (method_ == "HEAD") length = 0;
  }
  if (head != std::string::npos) {
    reply.body = data.substr(head);
    reply.whole = reply.body.size() == length;
  }
  if (!reply.whole || reply.header("connection") == "close") close();
  return reply;
}

Reply WireClient::request(std::string_view method, std::string_view target, std::string_view body,
                          const std::vector<std::string>& extra_headers) {
  send(method, target, body, extra_headers);
  return receive();
}

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error("cannot start zlib");
  std::string plain;
  std::array<char, 65536> buffer{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    result = inflate(&stream, Z_NO_FLUSH);
    plain.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("cannot inflate");
  return plain;
}

}  // namespace site
