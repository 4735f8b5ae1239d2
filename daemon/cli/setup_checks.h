#pragma once

// The single findings of `confmirror check`, as rules: what is seen is passed in. Pure but for
// mirror_line and free_bytes, which look at the disk. Any thread.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/site_probe.h"
#include "store/error.h"

namespace cli {

enum class Verdict { kOk, kWarn, kFail };

struct CheckLine {
  CheckLine(std::string line_name, Verdict line_verdict, std::string line_text,
            std::string line_hint = {})
      : name(std::move(line_name)),
        verdict(line_verdict),
        text(std::move(line_text)),
        hint(std::move(line_hint)) {}
  std::string name;
  Verdict verdict;
  std::string text;
  std::string hint;
  int exit_code = 0;  // of a failure: the one that a sync would end with
};

CheckLine failure(std::string name, const store::Error& error);
CheckLine identity_line(const SiteView& view);
CheckLine spaces_line(const SiteView& view);
inline constexpr const char* kClockHint =
    "set this machine's clock, by a time service (NTP: 'timedatectl set-ntp true')";
// `ahead`: of this machine's clock, against the site's; nullopt: the site does not say. Less than a
// minute is nothing, but for who signs: 30 s.
CheckLine clock_line(std::optional<std::chrono::seconds> ahead, bool signs = false);
CheckLine disk_line(const std::filesystem::path& mirror, std::optional<std::uintmax_t> free_bytes);
CheckLine curl_line(const std::string& version, bool http2);
// There, openable, of this site, writable; or a place where it can be made. `site_url` may be
// empty: any site.
CheckLine mirror_line(const std::filesystem::path& mirror, const std::string& site_url);

// On the file system of the mirror, or of the folder where it will be.
std::optional<std::uintmax_t> free_bytes(const std::filesystem::path& mirror);

// 0: all well; 1: warnings only; else that of the first failure.
int exit_code_of(const std::vector<CheckLine>& lines);
void print_lines(const std::vector<CheckLine>& lines, std::ostream& out);
std::string lines_as_json(const std::vector<CheckLine>& lines);

}  // namespace cli
