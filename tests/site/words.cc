#include "tests/site/words.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace site {
namespace {

// Most frequent first: the first words own many slots.
constexpr std::string_view kWords[] = {
    "the",        "to",        "and",         "of",         "a",        "in",        "is",
    "for",        "on",        "that",        "with",       "be",       "this",      "are",
    "as",         "it",        "we",          "by",         "not",      "or",        "from",
    "at",         "can",       "if",          "will",       "an",       "all",       "when",
    "page",       "team",      "service",     "release",    "request",  "should",    "after",
    "before",     "data",      "user",        "system",     "test",     "each",      "which",
    "one",        "time",      "use",         "has",        "must",     "only",      "their",
    "change",     "new",       "version",     "deploy",     "cluster",  "database",  "customer",
    "meeting",    "review",    "decision",    "owner",      "project",  "quarter",   "budget",
    "plan",       "risk",      "incident",    "alert",      "runbook",  "pipeline",  "build",
    "branch",     "merge",     "commit",      "ticket",     "issue",    "sprint",    "backlog",
    "estimate",   "scope",     "draft",       "policy",     "security", "access",    "token",
    "account",    "password",  "certificate", "network",    "firewall", "gateway",   "latency",
    "throughput", "queue",     "worker",      "thread",     "memory",   "disk",      "backup",
    "restore",    "replica",   "primary",     "failover",   "region",   "zone",      "vendor",
    "contract",   "invoice",   "payment",     "refund",     "order",    "shipment",  "warehouse",
    "inventory",  "catalog",   "price",       "discount",   "campaign", "audience",  "metric",
    "dashboard",  "report",    "export",      "import",     "schema",   "table",     "column",
    "index",      "query",     "cache",       "session",    "cookie",   "header",    "payload",
    "endpoint",   "client",    "server",      "library",    "module",   "package",   "license",
    "dependency", "upgrade",   "rollback",    "migration",  "feature",  "flag",      "experiment",
    "variant",    "cohort",    "retention",   "onboarding", "training", "handbook",  "vacation",
    "office",     "travel",    "expense",     "approval",   "manager",  "engineer",  "designer",
    "analyst",    "director",  "partner",     "supplier",   "auditor",  "regulator", "compliance",
    "privacy",    "consent",   "archive",     "record",     "document", "template",  "checklist",
    "guideline",  "standard",  "procedure",   "workflow",   "process",  "stage",     "milestone",
    "deadline",   "blocker",   "workaround",  "known",      "open",     "closed",    "pending",
    "rejected",   "accepted",  "optional",    "required",   "default",  "custom",    "internal",
    "external",   "public",    "private",     "shared",     "local",    "remote",    "current",
    "previous",   "next",      "first",       "second",     "last",     "daily",     "weekly",
    "monthly",    "yearly",    "manual",      "automatic",  "slow",     "fast",      "small",
    "large",      "simple",    "complex",     "stable",     "broken",   "healthy",   "degraded",
    "missing",    "duplicate", "unique",      "empty",      "full",     "because",   "although",
    "however",    "therefore", "between",     "within",     "without",  "during",    "until",
    "since",      "while",     "where",       "always",     "never",    "often",     "sometimes",
    "usually",    "please",    "contact",     "support",    "channel",  "message",   "thread",
    "mailbox",    "calendar",  "agenda",      "minutes",    "action",   "follow",    "update",
    "remove",     "create",    "delete",      "rename",     "measure",  "monitor",   "observe",
    "verify",     "confirm",   "describe",    "explain",    "compare",  "prefer",    "avoid",
    "ensure",     "allow",     "deny",        "grant",      "revoke",   "rotate",    "encrypt",
    "sign",       "publish",   "subscribe",   "consume",    "produce",  "retry",     "timeout",
    "throttle",   "limit",     "quota",       "window",     "bucket",   "shard",     "partition",
    "offset",     "cursor",    "snapshot",    "checkpoint", "journal",  "ledger",    "balance",
    "currency",   "country",   "language",    "locale",     "timezone", "browser",   "mobile",
    "desktop",    "tablet",    "printer",     "scanner",    "sensor",   "camera",    "battery",
    "factory",    "machine",   "robot",       "assembly",   "quality",  "defect",    "sample",
    "batch",      "recipe",    "material",    "steel",      "plastic",  "paper",     "water",
    "energy",     "solar",     "wind",        "carbon"};

constexpr std::string_view kSubjects[] = {
    "Billing",       "Payments",      "Search",      "Onboarding",       "Data Platform",
    "Mobile App",    "Checkout",      "Identity",    "Notifications",    "Warehouse",
    "Kubernetes",    "PostgreSQL",    "Kafka",       "Terraform",        "Security",
    "Privacy",       "Hiring",        "Travel",      "Customer Support", "Quality",
    "Design System", "Analytics",     "Partner API", "Incident",         "Release",
    "Capacity",      "Observability", "Compliance",  "Localisation",     "Accessibility",
    "Pricing",       "Legal",         "Finance",     "Field Service"};

constexpr std::string_view kKinds[] = {
    "runbook",       "overview",        "how-to",          "decision record",
    "meeting notes", "retrospective",   "requirements",    "architecture",
    "FAQ",           "troubleshooting", "checklist",       "release notes",
    "test plan",     "post-mortem",     "roadmap",         "glossary",
    "API reference", "migration plan",  "on-call guide",   "status report",
    "policy",        "training",        "interview guide", "vendor review"};

constexpr std::string_view kForeignTitles[] = {"設計レビューの記録",
                                               "发布检查清单",
                                               "운영 매뉴얼",
                                               "دليل التشغيل",
                                               "מדריך התקנה",
                                               "Überblick über die Prüfgrößen",
                                               "Журнал изменений",
                                               "Sơ đồ kiến trúc hệ thống",
                                               "🚀 Launch party 🎉",
                                               "👩‍👩‍👧‍👦 Family & friends",
                                               "Q&A: <script> \"quoted\" 'names'",
                                               "C:\\temp\\new folder",
                                               "50 % of 1/3 – half—ish…",
                                               "πρόχειρο σχέδιο",
                                               "e\u0301te\u0301 vs été",
                                               "データベース移行計画 \u2013 第二段階",
                                               "Line\u2028separator",
                                               "A/B test + C# & F# #hash?",
                                               "مراجعة التصميم (v2)",
                                               "Ελληνικά / Türkçe İıŞş"};

constexpr std::string_view kForeignSentences[] = {
    "このサービスは毎日午前三時に再起動されます。障害が発生した場合は当番の担当者に連絡してください"
    "。",
    "请在发布之前确认所有检查项都已完成，并在页面上记录结果。",
    "배포 후에는 반드시 모니터링 대시보드를 확인하십시오.",
    "يجب مراجعة هذا المستند قبل كل إصدار جديد من النظام.",
    "יש לבדוק את המסמך לפני כל גרסה חדשה של המערכת (ראו API v2).",
    "Die Größe der Übertragung wird täglich geprüft; Ausreißer landen im Ärgernis-Protokoll.",
    "Перед выпуском убедитесь, что резервная копия создана и проверена.",
    "Le déploiement s’effectue à 18 h précises, sauf événement imprévu.",
    "All good 🎉👍🏽 — the 👩‍💻 team shipped it 🚀 (see 🇪🇺 region).",
    "𠮷野家 and 𝒪(n log n) live outside the basic plane.",
    "สวัสดีครับ ระบบพร้อมใช้งานแล้ว"};

constexpr std::string_view kEntityPhrases[] = {"10&nbsp;% of requests",
                                               "2019&ndash;2024",
                                               "it&rsquo;s done&hellip;",
                                               "&ldquo;ready&rdquo; &mdash; not &lsquo;done&rsquo;",
                                               "A &rarr; B &larr; C",
                                               "3 &times; 4 &le; 12",
                                               "&copy; the team &amp; friends",
                                               "x &lt; y &gt; z",
                                               "caf&eacute; &uuml;ber &ntilde;",
                                               "&bull; item &sbquo;quoted&lsquo;",
                                               "&#8364;100 or &#x20AC;100",
                                               "&Alpha;&beta;&gamma; &infin;",
                                               "Tom&apos;s &quot;plan&quot;"};

constexpr std::string_view kCodeLines[] = {
    "if (a < b && c > d) { return \"x\\n\"; }",
    "SELECT * FROM t WHERE name LIKE '%\\_%' ESCAPE '\\';",
    "curl -s https://example.com/api?x=1&y=2 | jq '.items[] | .name'",
    "for f in *.log; do gzip -9 \"$f\"; done",
    "let map = new Map<string, number[]>();",
    "\tindent\twith\ttabs",
    "kubectl -n prod rollout restart deploy/api",
    "}}",
    "printf(\"%5.2f%%\\n\", 100.0 * hits / total);",
    "# comment: äöü ß 漢字 🚀",
    "<xml attr=\"not parsed\">&nbsp;</xml>",
    "regex: ^\\s*(?:[^\"\\\\]|\\\\.)*$",
    "a[b[0]] = 1;",
    "import json, sys  # noqa",
    "echo 'done'"};

constexpr std::string_view kMessages[] = {"Fixed typos",
                                          "Updated after review",
                                          "Corrected the figures",
                                          "Reverted from v. 3",
                                          "Added the missing steps",
                                          "Minor wording",
                                          "修正",
                                          "Migrated from the old wiki",
                                          "Links updated \xE2\x9C\x93",
                                          "See \"ticket\" OPS-1234 & OPS-1235",
                                          "🚀",
                                          "Reviewed by legal",
                                          "Line one\nline two",
                                          "C:\\path\\to\\nothing",
                                          "مراجعة"};

constexpr std::string_view kGivenNames[] = {
    "Anna",  "Björn", "Chloé",    "Dmitri", "Elif",  "Farid",  "Grace", "Hannah",
    "Ivan",  "José",  "Kateřina", "Lê",     "María", "Noor",   "Olga",  "Paweł",
    "Quinn", "Rania", "Søren",    "Tomás",  "Uma",   "Viktor", "Wei",   "Xenia",
    "Yuki",  "Zoë",   "健",       "さくら", "민준",  "أحمد",   "דוד",   "Ελένη"};

constexpr std::string_view kFamilyNames[] = {
    "Andersen",     "Bäcker", "Çelik",        "D'Souza",    "Eriksson",  "Fernández", "García",
    "Haddad",       "Ivanov", "Jensen",       "Kowalski",   "Lindqvist", "Müller",    "Nguyễn",
    "O’Brien",      "Petrov", "Quispe",       "Rossi",      "Schmidt",   "Takahashi", "Ünal",
    "van der Berg", "Wang",   "Xu",           "Yılmaz",     "Zhang",     "佐藤",      "김",
    "الخطيب",       "כהן",    "Παπαδόπουλος", "Smith-Jones"};

constexpr std::string_view kSpaceNames[] = {"Engineering",
                                            "Product",
                                            "Operations",
                                            "Customer Success",
                                            "People & Culture",
                                            "Finance",
                                            "Legal – Contracts",
                                            "Data \"Platform\"",
                                            "Security",
                                            "製品ドキュメント",
                                            "Marketing",
                                            "Sales EMEA",
                                            "Архив проектов",
                                            "Research <Lab>",
                                            "IT Help Desk",
                                            "Knowledge Base",
                                            "Design",
                                            "قسم الدعم",
                                            "Quality Assurance",
                                            "Field Service",
                                            "Partner Portal",
                                            "Release Management",
                                            "🚀 Launches",
                                            "Facilities"};

constexpr std::string_view kTeamLabels[] = {"platform",   "payments", "growth",        "core-infra",
                                            "data-eng",   "mobile",   "support",       "legal",
                                            "people-ops", "設計",     "security_team", "q&a"};

std::array<WordSlot, 1024> make_slots() {
  std::array<WordSlot, 1024> slots{};
  constexpr std::size_t kCount = std::size(kWords);
  // Word w owns a share of the slots that falls with its rank; every word owns at least one.
  std::vector<std::size_t> owned(kCount, 1);
  std::size_t left = slots.size() - kCount;
  for (std::size_t rank = 0; left > 0; rank = (rank + 1) % kCount) {
    const std::size_t share = std::min(left, 60 / (rank + 1));
    if (share == 0) {
      rank = kCount - 1;  // begin again with the most frequent
      continue;
    }
    owned[rank] += share;
    left -= share;
  }
  std::size_t slot = 0;
  for (std::size_t word = 0; word < kCount; ++word) {
    for (std::size_t copy = 0; copy < owned[word]; ++copy, ++slot) {
      std::copy(kWords[word].begin(), kWords[word].end(), slots[slot].text.begin());
      slots[slot].text[kWords[word].size()] = ' ';
      slots[slot].length = static_cast<std::uint8_t>(kWords[word].size() + 1);
    }
  }
  return slots;
}

}  // namespace

std::span<const WordSlot, 1024> word_slots() {
  static const std::array<WordSlot, 1024> slots = make_slots();
  return slots;
}

std::span<const std::string_view> title_subjects() { return kSubjects; }
std::span<const std::string_view> title_kinds() { return kKinds; }
std::span<const std::string_view> foreign_titles() { return kForeignTitles; }
std::span<const std::string_view> foreign_sentences() { return kForeignSentences; }
std::span<const std::string_view> entity_phrases() { return kEntityPhrases; }
std::span<const std::string_view> code_lines() { return kCodeLines; }
std::span<const std::string_view> version_messages() { return kMessages; }
std::span<const std::string_view> given_names() { return kGivenNames; }
std::span<const std::string_view> family_names() { return kFamilyNames; }
std::span<const std::string_view> space_names() { return kSpaceNames; }
std::span<const std::string_view> team_labels() { return kTeamLabels; }

}  // namespace site
