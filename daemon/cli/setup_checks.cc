#include "daemon/cli/setup_checks.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "daemon/cli/private_file.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/confluence/clock_skew.h"
#include "store/reader.h"

namespace cli {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kTooLittle = 64u << 20;
constexpr std::uintmax_t kLittle = 1u << 30;
constexpr std::chrono::seconds kSkew{60};

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kFail:
      break;
  }
  return "FAIL";
}

}  // namespace

CheckLine failure(std::string name, const store::Error& error) {
  CheckLine line(std::move(name), Verdict::kFail, error.message, error.hint);
  line.exit_code = store::exit_code(error.kind);
  return line;
}

CheckLine identity_line(const SiteView& view) {
  const auto& who = view.identity;
  return {"site", Verdict::kOk,
          fmt::format("signed in as {} (account {})",
                      who.display_name.empty() ? "an account without a name" : who.display_name,
                      who.account_id)};
}

CheckLine spaces_line(const SiteView& view) {
  if (view.spaces_error) return failure("spaces", *view.spaces_error);
  const std::string seen = with_thousands(view.spaces) + (view.more ? "+" : "");
  if (view.spaces == 0) {
    return {"spaces", Verdict::kWarn, "none is visible",
            "does this account have access to Confluence and to a space?"};
  }
  if (view.admitted == 0) {
    return {"spaces", Verdict::kWarn, seen + " visible, none of them admitted by the configuration",
            "see mirror.include_spaces, exclude_spaces and space_types"};
  }
  if (view.admitted == view.spaces)
    return {"spaces", Verdict::kOk, seen + " visible, all of them admitted"};
  return {"spaces", Verdict::kOk,
          fmt::format("{} visible, {} admitted", seen, with_thousands(view.admitted))};
}

CheckLine clock_line(std::optional<std::chrono::seconds> ahead, bool signs) {
  if (!ahead) return {"clock", Verdict::kWarn, "the site did not say what time it is"};
  const auto apart = std::chrono::abs(*ahead);
  if (apart < kSkew && !(signs && apart > confluence::kSignersSkew)) {
    return {"clock", Verdict::kOk, "agrees with the site's"};
  }
  const std::string consequence =
      signs
          ? ": what is signed here is good for a minute or two, tokens for users and calls of the "
            "site will be refused"
          : ": times in the mirror will be off by that much, and so will dates of tokens";
  return {"clock", Verdict::kWarn,
          fmt::format("this machine's clock is {} the site's", confluence::skew_words(*ahead)),
          kClockHint + consequence};
}

CheckLine disk_line(const fs::path& mirror, std::optional<std::uintmax_t> free) {
  if (!free)
    return {"disk", Verdict::kWarn,
            fmt::format("free space for '{}' cannot be told", mirror.string())};
  const auto words = bytes_in_words(static_cast<std::int64_t>(*free)) + " free";
  if (*free >= kLittle) return {"disk", Verdict::kOk, words};
  CheckLine line("disk", *free < kTooLittle ? Verdict::kFail : Verdict::kWarn, words,
                 "a mirror takes about as much as its pages' text; make room, or set mirror.path");
  if (line.verdict == Verdict::kFail) line.exit_code = store::exit_code(store::ErrorKind::kSystem);
  return line;
}

CheckLine curl_line(const std::string& version, bool http2) {
  return {
      "libcurl", Verdict::kOk,
      version +
          (http2 ? ""
                 : ", HTTP/1.1 only: with HTTP/2, versions before 8.6 take cut answers for whole")};
}

std::optional<std::uintmax_t> free_bytes(const fs::path& mirror) {
  fs::path place = fs::absolute(mirror);
  std::error_code error;
  while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  const auto space = fs::space(place, error);
  if (error) return std::nullopt;
  return space.available;
}

CheckLine mirror_line(const fs::path& mirror, const std::string& site_url) {
  std::error_code unknown;
  if (!fs::exists(mirror, unknown) && !unknown) {
    if (auto writable = check_writable(mirror); !writable)
      return failure("mirror", writable.error());
    return {"mirror", Verdict::kOk,
            fmt::format("'{}' is not there yet: the first sync makes it", mirror.string())};
  }
  auto reader = store::Reader::open(mirror);
  if (!reader) return failure("mirror", reader.error());
  auto url = (*reader)->meta("site_url");
  if (!url) return failure("mirror", url.error());
  const std::string of = url->value_or("");
  if (!of.empty() && !site_url.empty() && of != site_url) {
    return failure("mirror",
                   store::Error(store::ErrorKind::kUsage, "another_site",
                                fmt::format("'{}' is a mirror of {}, the configuration names {}",
                                            mirror.string(), of, site_url),
                                "give each site its own mirror.path"));
  }
  if (::access(mirror.c_str(), W_OK) != 0) {
    return failure("mirror", store::Error(store::ErrorKind::kSystem, "read_only",
                                          fmt::format("cannot write '{}': {}", mirror.string(),
                                                      std::generic_category().message(errno))));
  }
  auto counts = (*reader)->counts();
  if (!counts) return failure("mirror", counts.error());
  return {
      "mirror", Verdict::kOk,
      fmt::format(
          "'{}' opens: {} spaces, {} pages, {} versions ('confmirror db check' reads all of it)",
          mirror.string(), with_thousands(counts->spaces), with_thousands(counts->pages),
          with_thousands(counts->versions))};
}

int exit_code_of(const std::vector<CheckLine>& lines) {
  const auto failed = [](const CheckLine& line) { return line.verdict == Verdict::kFail; };
  const auto first = std::find_if(lines.begin(), lines.end(), failed);
  if (first != lines.end()) return first->exit_code;
  const auto warned = [](const CheckLine& line) { return line.verdict == Verdict::kWarn; };
  return std::any_of(lines.begin(), lines.end(), warned) ? 1 : 0;
}

void print_lines(const std::vector<CheckLine>& lines, std::ostream& out) {
  for (const auto& line : lines) {
    std::string text = printable_lines(line.text);
    for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1))
      text.insert(at + 1, 15, ' ');
    out << fmt::format("{:<4}  {:<7}  {}\n", word_of(line.verdict), line.name, text);
    if (line.verdict != Verdict::kOk && !line.hint.empty())
      out << fmt::format("{:15}{}\n", "", printable(line.hint));
  }
}

std::string lines_as_json(const std::vector<CheckLine>& lines) {
  auto checks = nlohmann::json::array();
  for (const auto& line : lines) {
    checks.push_back({{"name", line.name},
                      {"verdict", line.verdict == Verdict::kFail ? "fail" : word_of(line.verdict)},
                      {"text", line.text},
                      {"hint", line.hint}});
  }
  const int code = exit_code_of(lines);
  const nlohmann::json json = {{"verdict", code == 0   ? "ok"
                                           : code == 1 ? "warn"
                                                       : "fail"},
                               {"exit_code", code},
                               {"checks", std::move(checks)}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace cli
