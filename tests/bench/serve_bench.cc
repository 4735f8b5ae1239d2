// The offline API under load from another process: pages with their bodies by id, over kept
// connections to the daemon's socket, for some seconds. Prints requests a second, how long one
// took, and how much memory the daemon held before and after; beside it, as the yardstick, the same
// pages read by the Reader in this process. usage: serve_bench MIRROR SOCKET DAEMON_PID [SECONDS]
// [CONNECTIONS]

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "store/reader.h"

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void stop(const std::string& why) {
  fmt::print(stderr, "serve_bench: {}\n", why);
  std::exit(1);
}

template <typename T>
T must(store::Result<T> result) {
  if (!result) stop(result.error().message);
  return std::move(*result);
}

struct Load {
  std::vector<double> milliseconds;  // of each answer
  std::int64_t bytes = 0;
};

// One kept connection, one request at a time.
class Connection {
 public:
  explicit Connection(std::string path) : path_(std::move(path)) { open(); }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Bytes of the answer's body.
  std::int64_t get(const std::string& target) {
    const auto request = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      stop("the service has closed the connection");
    }
    received_.clear();
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == received_.npos) receive();
    if (!received_.starts_with("HTTP/1.1 200")) stop(received_.substr(0, 300));
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = received_.find(kLength);
    if (at == received_.npos) stop("an answer without a length");
    std::size_t length = 0;
    std::from_chars(received_.data() + at + kLength.size(), received_.data() + end, length);
    while (received_.size() < end + 4 + length) receive();
    // A connection takes so many requests and no more.
    if (received_.find("Connection: close") < end) {
      ::close(fd_);
      open();
    }
    return static_cast<std::int64_t>(length);
  }

 private:
  void open() {
    fd_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) stop("the path of the socket is too long");
    path_.copy(static_cast<char*>(address.sun_path), path_.size());
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      stop("cannot connect to " + path_);
    }
  }
  void receive() {
    char bytes[65536];
    const auto count = ::recv(fd_, static_cast<char*>(bytes), sizeof bytes, 0);
    if (count <= 0) stop("the service has closed the connection");
    received_.append(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
  }

  std::string path_;
  int fd_ = -1;
  std::string received_;
};

Load load(const std::string& socket, const std::vector<store::Id>& ids, std::uint32_t seed,
          Clock::time_point until) {
  Connection connection(socket);
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::size_t> any(0, ids.size() - 1);
  Load done;
  while (Clock::now() < until) {
    const auto target = fmt::format("/wiki/api/v2/pages/{}?body-format=storage", ids[any(random)]);
    const auto begin = Clock::now();
    done.bytes += connection.get(target);
    done.milliseconds.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  return done;
}

double mebibytes_of(const std::string& pid) {
  std::ifstream status("/proc/" + pid + "/status");
  std::string word;
  while (status >> word) {
    double kibibytes = 0;
    if (word == "VmRSS:" && status >> kibibytes) return kibibytes / 1024;
  }
  stop("there is no process " + pid);
}

double yardstick(store::Reader& reader, const std::vector<store::Id>& ids) {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> any(0, ids.size() - 1);
  constexpr int kRounds = 20'000;
  const auto begin = Clock::now();
  for (int round = 0; round < kRounds; ++round) {
    if (!must(reader.page(ids[any(random)], true))) stop("a page has gone");
  }
  return kRounds / std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) stop("usage: serve_bench MIRROR SOCKET DAEMON_PID [SECONDS] [CONNECTIONS]");
  const std::string socket = argv[2];
  const std::string pid = argv[3];
  const int seconds = argc > 4 ? std::atoi(argv[4]) : 20;
  const int connections = argc > 5 ? std::atoi(argv[5]) : 8;
  const auto reader = must(store::Reader::open(argv[1]));
  store::PageFilter filter;
  filter.statuses = {"current"};
  std::vector<store::Id> ids;
  for (const auto& page : must(reader->pages(filter))) {
    if (page.body_hash) ids.push_back(page.id);
  }
  if (ids.empty()) stop("the mirror has no pages with bodies");

  const auto alone = yardstick(*reader, ids);
  const auto before = mebibytes_of(pid);
  const auto begin = Clock::now();
  const auto until = begin + std::chrono::seconds(seconds);
  std::vector<Load> loads(static_cast<std::size_t>(connections));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    threads.emplace_back(
        [&, i] { loads[i] = load(socket, ids, static_cast<std::uint32_t>(i + 1), until); });
  }
  threads.clear();
  const auto took = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto after = mebibytes_of(pid);

  std::vector<double> times;
  std::int64_t bytes = 0;
  for (const auto& one : loads) {
    times.insert(times.end(), one.milliseconds.begin(), one.milliseconds.end());
    bytes += one.bytes;
  }
  if (times.empty()) stop("nothing was answered");
  std::sort(times.begin(), times.end());
  const auto rate = static_cast<double>(times.size()) / took;
  fmt::print("{} pages, {} connections, {:.1f} s: {} answers, {:.0f} a second ({:.1f} MB/s)\n",
             ids.size(), connections, took, times.size(), rate,
             static_cast<double>(bytes) / took / 1e6);
  fmt::print("one answer: median {:.2f} ms, 99th percentile {:.2f} ms, longest {:.1f} ms\n",
             times[times.size() / 2], times[times.size() * 99 / 100], times.back());
  fmt::print("of the Reader's {:.0f} pages a second in one thread: {:.2f}\n", alone, rate / alone);
  fmt::print("the daemon's memory: {:.1f} MiB before, {:.1f} MiB after\n", before, after);
  return 0;
}
