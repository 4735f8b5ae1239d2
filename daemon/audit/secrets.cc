#include "daemon/audit/secrets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

namespace audit {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alnum(char c) { return is_digit(c) || is_upper(c) || is_lower(c); }
bool is_word(char c) { return is_alnum(c) || c == '_'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// What may stand in a token after its prefix.
enum class Set { kUpperDigit, kAlnum, kWord, kUrlSafe, kBase64, kPath };

constexpr std::size_t kSets = 6;

bool in(Set set, char c) {
  switch (set) {
    case Set::kUpperDigit:
      return is_upper(c) || is_digit(c);
    case Set::kAlnum:
      return is_alnum(c);
    case Set::kWord:
      return is_word(c);
    case Set::kUrlSafe:
      return is_word(c) || c == '-';
    case Set::kBase64:
      return is_word(c) || c == '-' || c == '=' || c == '+' || c == '/';
    case Set::kPath:
      return is_word(c) || c == '/' || c == '-';
  }
  return false;
}

struct Form {
  std::string_view prefix;
  Set set;
  std::size_t shortest;  // of what follows the prefix
  std::size_t longest;   // more is another thing; 0 = any
  std::string_view kind;
  std::string_view label;
  std::string_view masked;
};

constexpr std::array kForms = {
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    Form{"AKIA", Set::kUpperDigit, 16, 16, "aws-key", "AWS access key", "AKIA\u2026"},
    Form{"ASIA", Set::kUpperDigit, 16, 16, "aws-key", "AWS access key", "ASIA\u2026"},
    Form{"ABIA", Set::kUpperDigit, 16, 16, "aws-key", "AWS bearer token", "ABIA\u2026"},
    Form{"AIza", Set::kUrlSafe, 35, 35, "gcp-key", "Google API key", "AIza\u2026"},
    Form{"GOCSPX-", Set::kUrlSafe, 28, 28, "gcp-key", "Google client secret", "GOCSPX-\u2026"},
    Form{"ya29.", Set::kUrlSafe, 30, 0, "gcp-key", "Google access token", "ya29.\u2026"},
    // https://github.blog/changelog/2021-03-31-authentication-token-format-updates
    Form{"ghp_", Set::kAlnum, 36, 251, "github-token", "GitHub token", "ghp_\u2026"},
    Form{"gho_", Set::kAlnum, 36, 251, "github-token", "GitHub token", "gho_\u2026"},
    Form{"ghu_", Set::kAlnum, 36, 251, "github-token", "GitHub token", "ghu_\u2026"},
    Form{"ghs_", Set::kAlnum, 36, 251, "github-token", "GitHub token", "ghs_\u2026"},
    Form{"ghr_", Set::kAlnum, 36, 251, "github-token", "GitHub token", "ghr_\u2026"},
    Form{"github_pat_", Set::kWord, 60, 251, "github-token", "GitHub token", "github_pat_\u2026"},
    // https://docs.gitlab.com/ee/security/token_overview.html
    Form{"glpat-", Set::kUrlSafe, 20, 0, "gitlab-token", "GitLab token", "glpat-\u2026"},
    Form{"gldt-", Set::kUrlSafe, 20, 0, "gitlab-token", "GitLab token", "gldt-\u2026"},
    Form{"glrt-", Set::kUrlSafe, 20, 0, "gitlab-token", "GitLab token", "glrt-\u2026"},
    Form{"glptt-", Set::kUrlSafe, 20, 0, "gitlab-token", "GitLab token", "glptt-\u2026"},
    Form{"glcbt-", Set::kUrlSafe, 20, 0, "gitlab-token", "GitLab token", "glcbt-\u2026"},
    Form{"gloas-", Set::kUrlSafe, 20, 0, "gitlab-token", "GitLab token", "gloas-\u2026"},
    Form{"xoxb-", Set::kUrlSafe, 20, 0, "slack-token", "Slack token", "xoxb-\u2026"},
    Form{"xoxp-", Set::kUrlSafe, 20, 0, "slack-token", "Slack token", "xoxp-\u2026"},
    Form{"xoxa-", Set::kUrlSafe, 20, 0, "slack-token", "Slack token", "xoxa-\u2026"},
    Form{"xoxr-", Set::kUrlSafe, 20, 0, "slack-token", "Slack token", "xoxr-\u2026"},
    Form{"xoxs-", Set::kUrlSafe, 20, 0, "slack-token", "Slack token", "xoxs-\u2026"},
    Form{"xoxe-", Set::kUrlSafe, 20, 0, "slack-token", "Slack token", "xoxe-\u2026"},
    Form{"xapp-", Set::kUrlSafe, 20, 0, "slack-token", "Slack token", "xapp-\u2026"},
    Form{"hooks.slack.com/services/", Set::kPath, 30, 0, "slack-token", "Slack webhook",
         "hooks.slack.com/services/\u2026"},
    // Atlassian's API tokens, those of the Data Center products' successors and of Bitbucket.
    Form{"ATATT", Set::kBase64, 20, 0, "atlassian-token", "Atlassian API token", "ATATT\u2026"},
    Form{"ATCTT", Set::kBase64, 20, 0, "atlassian-token", "Atlassian access token", "ATCTT\u2026"},
    Form{"ATBB", Set::kAlnum, 24, 40, "atlassian-token", "Bitbucket app password", "ATBB\u2026"},
    Form{"ATSTT", Set::kBase64, 20, 0, "atlassian-token", "Atlassian service token", "ATSTT\u2026"},
};

// Whether some prefix may begin with these two: asked at every letter that begins one.
constexpr std::size_t pair_of(char first, char second) {
  return (static_cast<unsigned char>(first) & 63U) << 6 |
         (static_cast<unsigned char>(second) & 63U);
}
constexpr auto kPairs = [] {
  std::array<bool, 4096> pairs{};
  for (const auto& form : kForms) pairs[pair_of(form.prefix[0], form.prefix[1])] = true;
  return pairs;
}();

// Names of things that are secrets, as they end before '=' or ':'; without regard to case, '-',
// '_' and blanks.
constexpr std::array<std::string_view, 22> kNames = {
    "password",   "passwd",        "passwort",     "kennwort",    "passphrase",   "pwd",
    "secret",     "apikey",        "apitoken",     "accesstoken", "authtoken",    "accesskey",
    "secretkey",  "privatekey",    "clientsecret", "bearertoken", "refreshtoken", "authkey",
    "signingkey", "encryptionkey", "token",        "credential"};

constexpr std::array<std::string_view, 14> kExamples = {
    "example", "changeme", "placeholder", "password", "passwort", "secret", "yourtoken",
    "dummy",   "sample",   "redacted",    "xxxx",     "****",     "....",   "insert"};

constexpr std::size_t kShortestValue = 8;
constexpr std::size_t kLongestValue = 512;
constexpr double kLeastEntropy = 2.75;  // bits for each character
constexpr std::size_t kLongestName = 40;
constexpr std::size_t kLongestWord = 15;  // of kNames, and some

// One pass over a text; `at` grows.
class Finder {
 public:
  Finder(std::string_view text, Look look) : text_(text), look_(look) {}
  std::vector<Secret> run();

 private:
  struct Match {
    std::string_view kind;
    std::string_view label;
    std::string_view masked;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool guessable = false;
  };
  std::optional<Match> at(std::size_t place) const;
  std::optional<Match> token(std::size_t place) const;
  std::optional<Match> jwt(std::size_t place) const;
  std::optional<Match> private_key(std::size_t place) const;
  std::optional<Match> url_password(std::size_t colon) const;
  std::optional<Match> assignment(std::size_t sign) const;
  bool names_secret(std::size_t end) const;

  char get(std::size_t place) const { return place < text_.size() ? text_[place] : '\0'; }
  bool begins_word(std::size_t place) const { return place == 0 || !is_alnum(text_[place - 1]); }
  // Where the run of such characters from that place ends. A run is walked once, however many
  // tokens begin in it.
  std::size_t run_of(std::size_t place, Set set) const {
    auto& run = runs_[static_cast<std::size_t>(set)];
    if (place >= run.first && place < run.second) return run.second;
    auto end = place;
    while (end < text_.size() && in(set, text_[end])) ++end;
    run = {place, end};
    return end;
  }
  // The first one at that place or later.
  std::size_t end_of_key(std::size_t place) const {
    if (place < end_of_key_.first || place > end_of_key_.second) {
      end_of_key_ = {place, text_.find("-----END ", place)};
    }
    return end_of_key_.second;
  }

  std::string_view text_;
  Look look_;
  mutable std::array<std::pair<std::size_t, std::size_t>, kSets> runs_{};
  mutable std::pair<std::size_t, std::size_t> end_of_key_{1, 0};  // asked from there; found
};

std::optional<Finder::Match> Finder::token(std::size_t place) const {
  if (!kPairs[pair_of(text_[place], get(place + 1))]) return std::nullopt;
  const auto rest = text_.substr(place);
  for (const auto& form : kForms) {
    if (form.prefix.front() != rest.front() || !rest.starts_with(form.prefix)) continue;
    // "ghp_" is what it is within a word too; "AKIA" may stand in any long line of base64.
    if (is_alnum(form.prefix.back()) && !begins_word(place)) continue;
    const auto begin = place + form.prefix.size();
    const auto end = run_of(begin, form.set);
    const auto length = end - begin;
    if (length < form.shortest || (form.longest > 0 && length > form.longest)) continue;
    // "AKIAXXXXXXXXXXXXXXXX" and the like are examples.
    if (entropy(text_.substr(begin, std::min(length, kLongestValue))) < 2) continue;
    return Match{form.kind, form.label, form.masked, place, end};
  }
  return std::nullopt;
}

// Three parts of base64url with dots between; the first two are JSON objects: '{"' is "eyJ".
std::optional<Finder::Match> Finder::jwt(std::size_t place) const {
  constexpr std::size_t kShortest = 10;
  const auto first = run_of(place, Set::kUrlSafe);
  if (first - place < kShortest || get(first) != '.') return std::nullopt;
  if (!text_.substr(first + 1).starts_with("eyJ")) return std::nullopt;
  const auto second = run_of(first + 1, Set::kUrlSafe);
  if (second - first < kShortest || get(second) != '.') return std::nullopt;
  const auto third = run_of(second + 1, Set::kUrlSafe);
  if (third - second < kShortest) return std::nullopt;
  return Match{"jwt", "JSON Web Token", "eyJ\u2026", place, third};
}

std::optional<Finder::Match> Finder::private_key(std::size_t place) const {
  constexpr std::string_view kDashes = "-----";
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kEnd = "-----END ";
  constexpr std::size_t kLongestLabel = 60;
  if (!text_.substr(place).starts_with(kBegin)) return std::nullopt;
  const auto label = text_.substr(place + kBegin.size(), kLongestLabel);
  const auto dashes = label.find(kDashes);
  if (dashes == label.npos) return std::nullopt;
  if (label.substr(0, dashes).find("PRIVATE KEY") == label.npos) return std::nullopt;
  const auto body = place + kBegin.size() + dashes + kDashes.size();
  auto end = end_of_key(body);
  if (end == text_.npos) {
    // Cut off, or an example's first line: what looks like the key goes.
    end = body;
    while (end < text_.size() && (in(Set::kBase64, text_[end]) || text_[end] == '\n' ||
                                  text_[end] == '\r' || text_[end] == ' ' || text_[end] == '\\')) {
      ++end;
    }
  } else if (const auto closed = text_.find(kDashes, end + kEnd.size()); closed != text_.npos) {
    end = closed + kDashes.size();
  }
  if (end - body < kShortestValue) return std::nullopt;
  return Match{"private-key", "private key", "-----BEGIN \u2026 PRIVATE KEY-----", place, end};
}

bool is_example(std::string_view value) {
  std::string folded;
  for (const char c : value) {
    if (is_alnum(c) || c == '*' || c == '.') folded += lower(c);
  }
  const auto holds = [&folded](std::string_view word) {
    return folded.find(word) != std::string::npos;
  };
  if (std::any_of(kExamples.begin(), kExamples.end(), holds)) return true;
  // Variables and gaps to fill: ${TOKEN}, $(cmd), {{token}}, <token>, %TOKEN%, [token]
  return value.front() == '$' || value.front() == '{' || value.front() == '<' ||
         value.front() == '%' || value.front() == '[' || value.front() == '(';
}

// scheme://user:password@host; `colon` is that of the scheme.
std::optional<Finder::Match> Finder::url_password(std::size_t colon) const {
  constexpr std::size_t kLongestPart = 256;
  if (!text_.substr(colon).starts_with("://")) return std::nullopt;
  auto begin = colon;
  while (begin > 0 && colon - begin < kLongestName &&
         (is_alnum(text_[begin - 1]) || text_[begin - 1] == '+' || text_[begin - 1] == '-')) {
    --begin;
  }
  if (begin == colon) return std::nullopt;
  const auto user = colon + 3;
  const auto stop = std::min(text_.find_first_of("/?#\"'<> \t\r\n", user), text_.size());
  const auto authority = text_.substr(user, std::min(stop - user, 2 * kLongestPart));
  const auto host = authority.rfind('@');
  const auto password = authority.find(':');
  if (host == authority.npos || password == authority.npos || password + 1 >= host) {
    return std::nullopt;
  }
  const auto value = authority.substr(password + 1, host - password - 1);
  if (is_example(value)) return std::nullopt;
  return Match{"url-password", "URL with a password", "\u2026://\u2026:\u2026@",
               begin,          user + host + 1,       true};
}

// Whether what ends there is the name of a secret: `db_password`, "API key", 'client-secret'.
bool Finder::names_secret(std::size_t end) const {
  std::string name;
  const auto from = end > kLongestName ? end - kLongestName : 0;
  for (auto place = end; place > from && name.size() < kLongestWord; --place) {
    const char c = text_[place - 1];
    if (is_alnum(c)) {
      name += lower(c);
    } else if (c != '_' && c != '-' && c != ' ' && c != '.') {
      break;
    }
  }
  std::reverse(name.begin(), name.end());
  const auto ends = [&name](std::string_view word) { return name.ends_with(word); };
  return std::any_of(kNames.begin(), kNames.end(), ends);
}

std::optional<Finder::Match> Finder::assignment(std::size_t sign) const {
  const auto from = sign > kLongestName ? sign - kLongestName : 0;
  auto name_end = sign;
  while (name_end > from && (text_[name_end - 1] == ' ' || text_[name_end - 1] == '"' ||
                             text_[name_end - 1] == '\'' || text_[name_end - 1] == ':')) {
    --name_end;
  }
  if (name_end == from || !names_secret(name_end)) return std::nullopt;
  auto begin = sign + 1;
  while (begin - sign < kLongestName &&
         (get(begin) == ' ' || get(begin) == '=' || get(begin) == '>'))
    ++begin;
  const char quote = get(begin);
  const bool quoted = quote == '"' || quote == '\'' || quote == '`';
  if (quoted) ++begin;
  const std::string_view stops = quoted ? std::string_view("\n\r") : " \t\n\r,;\"'<>`)";
  auto end = begin;
  const auto most = std::min(text_.size(), begin + kLongestValue + 1);  // longer is none
  while (end < most && stops.find(text_[end]) == stops.npos && !(quoted && text_[end] == quote)) {
    ++end;
  }
  const auto value = text_.substr(begin, end - begin);
  if (value.size() < kShortestValue || value.size() > kLongestValue) return std::nullopt;
  if (is_example(value) || entropy(value) < kLeastEntropy) return std::nullopt;
  // A word, a sentence or a path is no password that a machine would take.
  const auto any = [value](bool (*is)(char)) {
    return std::any_of(value.begin(), value.end(), is);
  };
  const int classes = int{any(is_lower)} + int{any(is_upper)} + int{any(is_digit)};
  if (!any(is_digit) && classes < 2) return std::nullopt;
  if (classes < 2 && value.find_first_not_of("0123456789.-:/") == value.npos) return std::nullopt;
  if (value.find("://") != value.npos) return std::nullopt;
  if (quoted && value.find(' ') != value.npos) return std::nullopt;
  return Match{"password", "password or key", "\u2026", begin, end, true};
}

std::optional<Finder::Match> Finder::at(std::size_t place) const {
  switch (text_[place]) {
    case 'A':
    case 'G':
    case 'g':
    case 'h':
    case 'x':
    case 'y':
      return token(place);
    case 'e':
      return begins_word(place) && text_.substr(place).starts_with("eyJ") ? jwt(place)
                                                                          : std::nullopt;
    case '-':
      return private_key(place);
    case ':':
      if (auto found = url_password(place)) return found;
      return look_ == Look::kEverything ? assignment(place) : std::nullopt;
    case '=':
      return look_ == Look::kEverything ? assignment(place) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::vector<Secret> Finder::run() {
  constexpr std::string_view kFirst = "AGghxye-:=";
  std::array<bool, 256> first{};
  for (const char c : kFirst) first[static_cast<unsigned char>(c)] = true;
  std::vector<Secret> found;
  int line = 1;
  std::size_t counted = 0;
  const auto line_at = [&](std::size_t place) {
    line += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted),
                                        text_.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
    counted = place;
    return line;
  };
  for (std::size_t place = 0; place < text_.size(); ++place) {
    if (!first[static_cast<unsigned char>(text_[place])]) continue;
    auto match = at(place);
    if (!match) continue;
    // A password that is a token of a known form is that. One of a URL begins before its colon.
    if (match->kind == "password") {
      const Finder value(text_.substr(0, match->end), look_);
      if (auto known = value.token(match->begin)) {
        match = known;
      } else if (text_.substr(match->begin).starts_with("eyJ")) {
        if (auto web_token = jwt(match->begin)) match = web_token;
      }
    }
    if (!found.empty() && match->begin < found.back().begin + found.back().text.size()) continue;
    Secret secret;
    secret.kind = match->kind;
    secret.label = match->label;
    secret.masked = match->masked;
    secret.text = text_.substr(match->begin, match->end - match->begin);
    secret.begin = match->begin;
    secret.line = line_at(match->begin);
    secret.guessable = match->guessable;
    found.push_back(secret);
    place = match->end - 1;
  }
  return found;
}

}  // namespace

double entropy(std::string_view text) {
  std::array<int, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double share = count / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

std::vector<Secret> find_secrets(std::string_view text, Look look) {
  return Finder(text, look).run();
}

std::string mask_secrets(std::string_view text) {
  std::string masked;
  std::size_t done = 0;
  for (const auto& secret : find_secrets(text)) {
    masked.append(text.substr(done, secret.begin - done)).append(secret.masked);
    done = secret.begin + secret.text.size();
  }
  return masked.append(text.substr(done));
}

}  // namespace audit
