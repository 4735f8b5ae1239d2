#include "daemon/base/log.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>

#include "daemon/base/journal.h"
#include "daemon/base/utf8.h"
#include "store/records.h"

namespace base {

namespace {

enum class Format { kText, kJson, kJournald };

// sd-daemon(3) priorities.
int syslog_priority(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return 2;
    case spdlog::level::err:
      return 3;
    case spdlog::level::warn:
      return 4;
    case spdlog::level::info:
      return 6;
    default:
      return 7;
  }
}

std::string_view level_name(spdlog::level::level_enum level) {
  const auto name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

void append(spdlog::memory_buf_t& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

// A line of the log is one line, whatever a server or a file name held.
void append_plain(spdlog::memory_buf_t& out, std::string_view text) {
  each_character(text, [&out](std::string_view character) {
    append(out, is_control(character) ? std::string_view(" ") : character);
  });
}

void append_json_string(spdlog::memory_buf_t& out, std::string_view text) {
  out.push_back('"');
  each_character(text, [&out](std::string_view character) {
    if (character == "\"" || character == "\\") {
      out.push_back('\\');
      append(out, character);
    } else if (is_control(character)) {
      // C1 is below U+00A0: its second byte is its number.
      fmt::format_to(fmt::appender(out), "\\u{:04x}",
                     static_cast<unsigned>(static_cast<unsigned char>(character.back())));
    } else {
      append(out, character);
    }
  });
  out.push_back('"');
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(Format format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string_view name(message.logger_name.data(), message.logger_name.size());
    const std::string_view payload(message.payload.data(), message.payload.size());
    const auto time =
        store::to_iso8601(std::chrono::floor<std::chrono::milliseconds>(message.time));
    if (format_ == Format::kJson) {
      append(out, "{\"time\":\"");
      append(out, time);
      append(out, "\",\"level\":\"");
      append(out, level_name(message.level));
      append(out, "\",\"logger\":");
      append_json_string(out, name);
      append(out, ",\"message\":");
      append_json_string(out, payload);
      append(out, "}\n");
      return;
    }
    if (format_ == Format::kJournald) {
      fmt::format_to(fmt::appender(out), "<{}>", syslog_priority(message.level));
    } else {
      fmt::format_to(fmt::appender(out), "{} {:<7} ", time, level_name(message.level));
    }
    append(out, name);
    append(out, ": ");
    append_plain(out, payload);
    out.push_back('\n');
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  Format format_;
};

// Standard error, or the journal itself where standard error leads there.
class Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void to_journal(bool journal) { journal_ = journal; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    if (journal_) {
      append_plain(line, {message.payload.data(), message.payload.size()});
      send_to_journal(journal_fields({message.logger_name.data(), message.logger_name.size()},
                                     syslog_priority(message.level), {line.data(), line.size()}));
      return;
    }
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  void flush_() override { std::fflush(stderr); }

  std::atomic<bool> journal_ = false;
};

struct Loggers {
  Loggers() {
    for (auto* logger : all()) {
      logger->set_formatter(std::make_unique<LineFormatter>(Format::kText));
      logger->set_level(spdlog::level::info);
      logger->flush_on(spdlog::level::trace);
    }
  }
  std::array<spdlog::logger*, 6> all() { return {&http, &crawl, &store, &cli, &daemon, &edits}; }

  std::shared_ptr<Sink> sink = std::make_shared<Sink>();
  spdlog::logger http{"http", sink};
  spdlog::logger crawl{"crawl", sink};
  spdlog::logger store{"store", sink};
  spdlog::logger cli{"cli", sink};
  spdlog::logger daemon{"daemon", sink};
  spdlog::logger edits{"edits", sink};
};

// Never destroyed: threads that outlive main's statics may still log.
Loggers& loggers() {
  static auto* const all = new Loggers();
  return *all;
}

}  // namespace

spdlog::logger& http_log() { return loggers().http; }
spdlog::logger& crawl_log() { return loggers().crawl; }
spdlog::logger& store_log() { return loggers().store; }
spdlog::logger& cli_log() { return loggers().cli; }
spdlog::logger& daemon_log() { return loggers().daemon; }
spdlog::logger& edits_log() { return loggers().edits; }

store::Result<void> configure_logging(std::string_view level, std::string_view format) {
  constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 6> kLevels = {{
      {"trace", spdlog::level::trace},
      {"debug", spdlog::level::debug},
      {"info", spdlog::level::info},
      {"warn", spdlog::level::warn},
      {"error", spdlog::level::err},
      {"off", spdlog::level::off},
  }};
  constexpr std::array<std::pair<std::string_view, Format>, 3> kFormats = {
      {{"text", Format::kText}, {"json", Format::kJson}, {"journald", Format::kJournald}}};

  const auto* const known_level =
      std::find_if(kLevels.begin(), kLevels.end(), [&](const auto& l) { return l.first == level; });
  if (known_level == kLevels.end()) {
    return store::fail(store::ErrorKind::kUsage, "bad_log_level",
                       fmt::format("cannot set log level '{}': unknown", level),
                       "use trace, debug, info, warn, error or off");
  }
  const auto* const known_format = std::find_if(kFormats.begin(), kFormats.end(),
                                                [&](const auto& f) { return f.first == format; });
  if (known_format == kFormats.end()) {
    return store::fail(store::ErrorKind::kUsage, "bad_log_format",
                       fmt::format("cannot set log format '{}': unknown", format),
                       "use text, json or journald");
  }
  loggers().sink->to_journal(known_format->second != Format::kJson && stderr_is_journal());
  for (auto* logger : loggers().all()) {
    logger->set_level(known_level->second);
    logger->set_formatter(std::make_unique<LineFormatter>(known_format->second));
  }
  return {};
}

std::optional<std::int64_t> RepeatLimiter::admit(std::string_view kind, Steady now) {
  const auto found = kinds_.find(kind);
  if (found != kinds_.end()) {
    if (now - found->second.logged_at < window_) {
      ++found->second.left_out;
      return std::nullopt;
    }
    found->second.logged_at = now;
    return std::exchange(found->second.left_out, 0);
  }
  if (kinds_.size() >= kMaxKinds) {
    const auto oldest = std::min_element(
        kinds_.begin(), kinds_.end(),
        [](const auto& a, const auto& b) { return a.second.logged_at < b.second.logged_at; });
    kinds_.erase(oldest);
  }
  kinds_.emplace(std::string(kind), Kind{now, 0});
  return 0;
}

}  // namespace base
