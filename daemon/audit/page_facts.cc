#include "daemon/audit/page_facts.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "daemon/audit/link_judge.h"
#include "daemon/audit/links.h"
#include "daemon/audit/secrets.h"
#include "daemon/audit/text.h"

namespace audit {

namespace {

using storage_format::Content;
using storage_format::LinkUse;

constexpr std::size_t kShortQuote = 80;

Place in_storage(const storage_format::Position& at) {
  return {Place::In::kStorage, at.line, at.column};
}

// "github-token" of "github-token-0123456789abcdef"
std::string_view kind_of(std::string_view key) {
  for (const std::string_view kind : {"private-key", "url-password"}) {
    if (key.starts_with(kind)) return kind;
  }
  return {};
}

// Looks at one page; what it finds twice counts, and is told once.
class PageLook {
 public:
  PageLook(const SiteMap& map, const Options& options, const FindingMaker& make,
           const PageEntry& page, std::string_view body, const Content& content)
      : map_(map),
        options_(options),
        make_(make),
        page_(page),
        body_(body),
        content_(content),
        judge_(map, options, page) {}

  PageFacts run();

 private:
  Finding& add(RuleId rule, std::string key, std::string detail, Place at);
  void shape();
  void anchors();
  void links();
  void link(const Target& target, const LinkUse& use);
  void anchor_use(const PageEntry& target, const std::string& anchor, const LinkUse& use);
  void placeholders();
  void secrets();
  void secret(const Secret& secret, Place at, std::string_view where);
  void emptiness();

  const SiteMap& map_;
  const Options& options_;
  const FindingMaker& make_;
  const PageEntry& page_;
  std::string_view body_;
  const Content& content_;
  LinkJudge judge_;
  PageFacts facts_;
  std::map<std::pair<RuleId, std::string>, std::size_t> told_;
  std::map<store::Sha256, std::size_t> secrets_;  // by digest: place in facts_.findings
};

Finding& PageLook::add(RuleId rule, std::string key, std::string detail, Place at) {
  const auto [place, is_new] = told_.emplace(std::make_pair(rule, key), facts_.findings.size());
  if (!is_new) {
    auto& known = facts_.findings[place->second];
    ++known.count;
    return known;
  }
  auto finding = make_.of_page(rule, page_);
  finding.key = std::move(key);
  finding.detail = std::move(detail);
  finding.at = at;
  facts_.findings.push_back(std::move(finding));
  return facts_.findings.back();
}

void PageLook::shape() {
  const bool compared =
      options_.runs(RuleId::kDuplicatePage) || options_.runs(RuleId::kNearDuplicatePage);
  if (!compared) return;
  facts_.shape = shape_of(content_.text);
  if (facts_.shape.words >= options_.near_duplicate_words &&
      options_.runs(RuleId::kNearDuplicatePage)) {
    facts_.sketch = std::make_unique<Sketch>(sketch_of(content_.text));
  }
}

void PageLook::anchors() {
  std::string prefix;
  for (const char c : page_.title) {
    if (c != ' ') prefix += c;
  }
  auto& known = facts_.anchors;
  for (const auto& heading : content_.headings) {
    known.push_back(anchor_hash(heading.anchor));
    known.push_back(anchor_hash(heading.text));
    // Older addresses carry the title; a digit at the beginning gets "id-" before it.
    known.push_back(anchor_hash(prefix + heading.text));
    known.push_back(anchor_hash("id" + heading.text));
  }
  for (const auto& anchor : content_.anchors) {
    known.push_back(anchor_hash(anchor));
    known.push_back(anchor_hash(prefix + anchor));
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  const auto includes = [](const LinkUse& use) { return use.role == LinkUse::Role::kInclude; };
  const auto may_include = [](const storage_format::MacroUse& macro) {
    return macro.name.find("include") != std::string::npos;
  };
  facts_.other_anchors = content_.fault ||
                         std::any_of(content_.links.begin(), content_.links.end(), includes) ||
                         std::any_of(content_.macros.begin(), content_.macros.end(), may_include);
}

void PageLook::anchor_use(const PageEntry& target, const std::string& anchor, const LinkUse& use) {
  // Places that Confluence itself makes.
  static constexpr std::array<std::string_view, 5> kOwn = {"top", "main", "content", "title-text",
                                                           "main-content"};
  if (std::find(kOwn.begin(), kOwn.end(), anchor) != kOwn.end()) return;
  if (anchor.starts_with("comment") || anchor.starts_with("focusedComment") ||
      anchor.starts_with("talk") || anchor.starts_with(":~:")) {
    return;
  }
  AnchorUse made;
  made.target = map_.index_of(target);
  made.anchor = anchor_hash(anchor);
  made.name = shown(anchor, kShortQuote);
  made.key = "page:" + std::to_string(target.id) + "#" + FindingMaker::key_part(anchor);
  made.at = in_storage(use.at);
  for (auto& known : facts_.anchor_uses) {
    if (known.key == made.key) {
      ++known.count;
      return;
    }
  }
  facts_.anchor_uses.push_back(std::move(made));
}

void PageLook::link(const Target& target, const LinkUse& use) {
  const auto verdict = judge_.judge(target);
  if (verdict.fault) {
    if (!options_.runs(*verdict.fault)) return;
    const bool includes = use.role == LinkUse::Role::kInclude;
    auto& finding = add(*verdict.fault, verdict.key,
                        (includes ? "includes: " : "") + verdict.detail, in_storage(use.at));
    if (verdict.page != nullptr) finding.other_page = verdict.page->id;
  } else if (verdict.page != nullptr && !target.anchor.empty() &&
             options_.runs(RuleId::kBrokenAnchor)) {
    anchor_use(*verdict.page, target.anchor, use);
  }
}

void PageLook::links() {
  std::map<std::string, std::int64_t> hosts;
  for (const auto& use : content_.links) {
    const auto target = target_of(use.to, map_.site_url());
    if (target.kind == Target::Kind::kExternal) {
      if (options_.runs(RuleId::kExternalLinkHost)) ++hosts[target.host];
    } else {
      link(target, use);
    }
  }
  facts_.hosts.assign(hosts.begin(), hosts.end());
}

void PageLook::placeholders() {
  if (!options_.runs(RuleId::kUnresolvedPlaceholder)) return;
  for (const auto& placeholder : content_.placeholders) {
    const auto quote = shown(placeholder.text, kShortQuote);
    add(RuleId::kUnresolvedPlaceholder, "",
        quote.empty() ? "an instruction of the template" : "instruction: '" + quote + "'",
        in_storage(placeholder.at));
  }
  constexpr std::string_view kVariable = "<at:var";
  for (auto at = body_.find(kVariable); at != body_.npos; at = body_.find(kVariable, at + 1)) {
    add(RuleId::kUnresolvedPlaceholder, "", "a variable of the template", {});
  }
  constexpr std::string_view kFiller = "orem ipsum dolor";
  if (const auto at = content_.text.find(kFiller); at != std::string::npos) {
    const auto line = std::count(content_.text.begin(),
                                 content_.text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    add(RuleId::kUnresolvedPlaceholder, "", "filler text: 'lorem ipsum'",
        {Place::In::kText, static_cast<int>(line) + 1, 0});
  }
}

void PageLook::secret(const Secret& secret, Place at, std::string_view where) {
  // Of what a person chose, two digits of the digest: enough to tell a new one from an accepted
  // one mostly, too few to try passwords out on.
  constexpr std::size_t kFewDigits = 2;
  constexpr std::size_t kManyDigits = 16;
  const auto digest = store::sha256(std::to_string(page_.id).append("\n").append(secret.text));
  if (const auto known = secrets_.find(digest); known != secrets_.end()) return;
  auto key = std::string(secret.kind) + "-" +
             store::to_hex(digest).substr(0, secret.guessable ? kFewDigits : kManyDigits);
  for (int nth = 2; told_.contains({RuleId::kSecretInBody, key}); ++nth) {
    key += "-" + std::to_string(nth);
  }
  secrets_.emplace(digest, facts_.findings.size());
  std::string detail(secret.label);
  detail.append(" ").append(secret.masked).append(where);
  add(RuleId::kSecretInBody, std::move(key), std::move(detail), at);
}

void PageLook::secrets() {
  if (!options_.runs(RuleId::kSecretInBody)) return;
  for (const auto& found : find_secrets(page_.title)) secret(found, {}, " in the title");
  for (const auto& found : find_secrets(content_.text)) {
    secret(found, {Place::In::kText, found.line, 0}, "");
  }
  for (const auto& macro : content_.macros) {
    for (const auto& [name, value] : macro.parameters) {
      std::string line = name;
      line.append("=").append(value);
      for (const auto& found : find_secrets(line)) {
        secret(found, in_storage(macro.at), " in a macro's parameter");
      }
    }
  }
  for (const auto& use : content_.links) {
    for (const auto& found : find_secrets(use.to.url)) {
      secret(found, in_storage(use.at), " in a link");
    }
  }
  // What nobody sees is served all the same: comments, attributes, parameters of other kinds.
  // Long ones are written differently there, and would be told twice.
  std::set<std::string_view> told;
  for (const auto& finding : facts_.findings) {
    if (finding.rule == RuleId::kSecretInBody) told.insert(kind_of(finding.key));
  }
  for (const auto& found : find_secrets(body_, Look::kMarkup)) {
    const bool is_long = found.kind == "private-key" || found.kind == "url-password";
    if (is_long && told.contains(found.kind)) continue;
    secret(found, {Place::In::kStorage, found.line, 0}, " in the markup");
  }
}

void PageLook::emptiness() {
  if (content_.fault && options_.runs(RuleId::kMalformedBody)) {
    add(RuleId::kMalformedBody, "", shown(content_.fault->text), in_storage(content_.fault->at));
  }
  if (!options_.runs(RuleId::kEmptyPage) || (content_.fault && !body_.empty())) return;
  const bool blank = content_.text.find_first_not_of(" \t\r\n\u00A0") == std::string::npos;
  if (blank && content_.links.empty() && content_.macros.empty() && content_.tasks.empty() &&
      content_.placeholders.empty()) {
    add(RuleId::kEmptyPage, "", body_.empty() ? "no body" : "nothing to be seen", {});
  }
}

PageFacts PageLook::run() {
  facts_.looked_at = true;
  shape();
  if (options_.runs(RuleId::kBrokenAnchor)) anchors();
  links();
  placeholders();
  secrets();
  emptiness();
  return std::move(facts_);
}

}  // namespace

std::uint64_t anchor_hash(std::string_view anchor) {
  std::string bare;
  for (const char c : anchor) {
    if (c != ' ' && c != '-' && c != '+' && c != '\t' && c != '\n') bare += c;
  }
  return std::hash<std::string>()(bare);
}

PageFacts PageReader::look(const PageEntry& page, std::string_view body) const {
  return look(page, body, storage_format::extract(body));
}

PageFacts PageReader::look(const PageEntry& page, std::string_view body,
                           const storage_format::Content& content) const {
  return PageLook(map_, options_, make_, page, body, content).run();
}

}  // namespace audit
