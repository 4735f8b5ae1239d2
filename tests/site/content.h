#pragma once

// What the simulated site holds: spaces, pages with their versions, containers (folders,
// whiteboards, ...), users, labels.
//
// Everything is made from ContentOptions alone, the same for the same options; bodies, messages and
// version times are made anew each time they are asked for. Only edits made afterwards are stored.
// Pages are named by their index in pages(); indices never change, a purged page keeps its own. Not
// thread-safe: the server guards it with one mutex. Times are milliseconds since 1970 (UTC), sizes
// bytes.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/site/body.h"
#include "tests/site/page_order.h"
#include "tests/site/text.h"

namespace site {

using Id = std::int64_t;
using Index = std::uint32_t;
inline constexpr Index kNone = 0xFFFFFFFF;

struct ContentOptions {
  std::uint32_t spaces = 20;
  std::uint32_t pages = 1000;  // of all statuses
  std::uint32_t max_versions = 5;
  std::uint64_t seed = 1;
  std::size_t avg_body_bytes = 4096;
  double big_space_share =
      0;  // share of all pages that lies in one space; 0 = a natural, skewed spread
  std::uint32_t users = 0;       // 0 = chosen by the number of pages
  double archived_share = 0.06;  // of the pages
  double trashed_share = 0.06;
  std::size_t huge_body_bytes = 4U << 20U;  // of one page; 0 = no such page
};

// kDraft: never published; such a page is in no listing.
enum class Status : std::uint8_t { kCurrent, kArchived, kTrashed, kDeleted, kPurged, kDraft };
std::string_view to_string(Status status);
std::optional<Status> parse_status(std::string_view text);  // of those that can be listed

enum class ContentType : std::uint8_t { kNull, kPage, kFolder, kWhiteboard, kDatabase, kEmbed };
std::string_view to_string(ContentType type);

struct Label {
  Id id = 0;
  std::string name;
  std::string prefix = "team";  // my, team, global; of spaces: team
};

struct User {
  std::string account_id;
  std::string display_name;
  std::string status;  // active, inactive, closed
  std::string email;   // "" where privacy hides it
  std::string time_zone;
  bool app = false;
  bool known = true;  // false: users-bulk does not tell of it
};

struct Space {
  Id id = 0;
  std::string key;
  std::string alias;  // equals the key where no alias is set
  std::string name;
  std::string type;
  std::string status;
  std::string description;  // plain
  std::string icon_path;    // "" = none
  std::vector<Index> labels;
  Index author = 0;
  Index homepage = kNone;
  Millis created_at = 0;
  bool open_to_anonymous = false;
  bool restricted = false;  // the account has no permission for it (any more)
};

struct Container {
  Id id = 0;
  ContentType type = ContentType::kFolder;
  Index space = 0;
  Index parent = kNone;  // in pages() or containers(), as parent_type says
  ContentType parent_type = ContentType::kNull;
  Status status = Status::kCurrent;
  std::int32_t position = -1;  // -1 = null
  std::int32_t version = 1;
  std::string title;
  Index author = 0;
  Millis created_at = 0;
  Millis modified_at = 0;
  bool restricted = false;  // so that the account does not see it
};

struct Page {
  Id id = 0;
  std::string title;
  Millis created_at = 0;
  Millis modified_at = 0;  // of the current version
  std::uint64_t seed = 0;
  std::size_t body_bytes = 0;  // about
  Index space = 0;
  Index parent = kNone;  // in pages() or containers(), as parent_type says
  Index author = 0;
  Index owner = kNone;
  Index last_owner = kNone;
  std::int32_t position = -1;  // -1 = null
  std::int32_t version = 1;
  std::int32_t generated_version = 1;  // higher numbers come from edits
  Index children = 0;                  // pages whose parent this page is
  std::int32_t last_position = -1;     // that a child ever had; -1 = not known yet
  Index former_parent = kNone;         // before it was trashed, as former_parent_type says
  ContentType former_parent_type = ContentType::kNull;
  Millis hidden_until = 0;  // a new page may not be readable at once
  ContentType parent_type = ContentType::kNull;
  Status status = Status::kCurrent;
  bool live_doc = false;
  bool restricted = false;     // so that the account does not see it
  bool special_title = false;  // equals another title but for its case
};

struct NewContainer {
  ContentType type = ContentType::kFolder;
  Index space = 0;
  Index parent = kNone;  // in pages() or containers(), as parent_type says
  ContentType parent_type = ContentType::kNull;
  std::string title;
};

struct Version {
  std::int32_t number = 1;
  Millis created_at = 0;
  std::string message;
  bool minor_edit = false;
  Index author = 0;
};

struct Edit {
  std::optional<std::string> title;
  std::optional<std::string> body;  // storage; absent: one block of the body is rewritten
  std::string message;
  bool minor_edit = false;
  std::optional<Millis> at;     // absent: now
  std::optional<Index> author;  // absent: anybody but the account of the API
};

struct NewPage {
  Index space = 0;
  Index parent = kNone;  // of that space; kNone = the homepage
  ContentType parent_type = ContentType::kPage;
  bool root_level = false;  // outside the homepage's tree
  bool draft = false;       // needs no title, and no title is taken for it
  std::string title;
  std::string body;             // storage
  std::optional<Millis> at;     // absent: now
  std::optional<Index> author;  // absent: anybody but the account
};

// What somebody has begun to write over a published page.
struct PageDraft {
  std::string title;
  std::string body;  // storage
  Millis at = 0;
  Index author = 0;
};

// What the write log says about a page before and after a change.
struct PageState {
  Status status = Status::kCurrent;
  std::int32_t version = 0;
  std::string title;
  Id parent = 0;  // 0 = null
  Id space = 0;
};

enum class MoveTo : std::uint8_t { kBefore, kAfter, kAppend };

class Content {
 public:
  explicit Content(const ContentOptions& options);
  ~Content();

  const ContentOptions& options() const { return options_; }
  const std::vector<Space>& spaces() const { return spaces_; }  // ascending by id
  const std::vector<Page>& pages() const { return pages_; }
  const std::vector<Container>& containers() const { return containers_; }
  const std::vector<User>& users() const { return users_; }
  const std::vector<Label>& labels() const { return labels_; }

  Index find_page(Id id) const;       // kNone: no such page, or purged
  Index find_container(Id id) const;  // kNone: no such folder, whiteboard, ..., or purged
  Index find_space(Id id) const;
  Index find_user(std::string_view account_id) const;
  Id parent_id(const Page& page) const;  // 0 = null
  Id parent_id(const Container& container) const;

  // The account may see it.
  bool shown(Index page) const {
    return !pages_[page].restricted && !spaces_[pages_[page].space].restricted;
  }
  bool container_shown(Index container) const {
    const Container& asked = containers_[container];
    return !asked.restricted && !spaces_[asked.space].restricted;
  }
  // Containers that the tree of the pages which the account sees needs, by index.
  std::vector<bool> named_containers() const;
  // Ascending by number; numbers may have holes.
  std::vector<Version> versions(Index page) const;
  std::optional<Version> version(Index page, std::int32_t number) const;
  Version current_version(Index page) const;
  void append_body(std::string& out, Index page, std::int32_t version, BodyForm form) const;
  std::string body(Index page, std::int32_t version) const;
  // The title as that version had it.
  std::string title_at(Index page, std::int32_t version) const;

  PageOrder& order() { return *order_; }
  const PageOrder& order() const { return *order_; }
  // Ascending, as in labels().
  std::vector<Index> labels_of(Index page) const;

  const PageDraft* draft_of(Index page) const;  // nullptr: none over the published page
  PageState state_of(Index page) const;
  // Another page of the space has that title, whatever its case. Drafts take none; trashed pages do
  // where `trashed_too` says so.
  bool title_taken(Index space, std::string_view title, Index except = kNone,
                   bool trashed_too = false);
  // `page` can lie in `parent`: same space, there, and not below the page itself.
  bool can_hold(Index parent, ContentType type, Index page) const;

  // Called after each change of a page with its name (add, edit, move, status, draft) and the state
  // before; nullptr before an add.
  using Listener = std::function<void(std::string_view, Index, const PageState*)>;
  void listen(Listener listener) { listener_ = std::move(listener); }

  // Changes. False, or kNone: refused because the site could not hold the result.
  Index add(const NewPage& page);
  bool edit(Index page, const Edit& edit);
  bool reparent(Index page, Index new_parent);  // inside the space; kNone = root
  bool move_to_space(Index page,
                     Index space);  // pages without children only; becomes a child of the homepage
  // A trashed page that becomes current goes back to its former parent, else to the homepage.
  bool set_status(Index page, Status status);
  // A draft becomes a page with that version number; title, body and author as in `edit`.
  bool publish(Index page, std::int32_t number, const Edit& edit);
  // Of a page that was never published: rewrites it. Else: replaces the draft over it.
  bool write_draft(Index page, const PageDraft& draft);
  bool drop_draft(Index page);  // the one over a published page
  void set_owner(Index page, Index user);
  void hide_until(Index page, Millis time) { pages_[page].hidden_until = time; }
  // With all that lies below it, across spaces too. False: titles clash or `target` lies below.
  bool move_beside(Index page, Index target, MoveTo where);
  bool put_into(Index page, Index container);  // inside the space
  Index add_container(const NewContainer& container);
  bool rename_container(Index container, const std::string& title);
  // What lay in one that is no longer there lies in its parent then.
  bool set_container_status(Index container, Status status);
  void restrict_container(Index container, bool restricted) {
    containers_[container].restricted = restricted;
  }
  void restrict_page(Index page, bool restricted) { pages_[page].restricted = restricted; }
  void restrict_space(Index space, bool restricted) { spaces_[space].restricted = restricted; }
  bool remove_version(Index page, std::int32_t number);  // not the current one

 private:
  struct Overrides {
    std::vector<Version> added;
    std::map<std::int32_t, std::string> bodies;
    std::map<std::int32_t, std::string> titles;  // from that version on
    std::vector<std::int32_t> removed;
  };
  bool generated_hole(const Page& page, std::int32_t number) const;
  Version generated_version(const Page& page, std::int32_t number, Millis created_at) const;
  const Overrides* overrides(Index page) const;
  Id id_of(Index parent, ContentType type) const;
  Id fresh_id(std::uint64_t seed) const;
  // Gives all that lies in `parent` to `heir`.
  void lift_children(Index parent, ContentType type, Index heir, ContentType heir_type);
  void detach(Index page);
  void attach(Index page, Index parent, ContentType type);
  void put_back(Index page);
  void place_beside(Index page, Index target, MoveTo where);
  bool move_tree(Index page, Index space);
  void index_titles();
  void index_children();
  void add_title(Index page);
  void remove_title(Index page);
  std::vector<Index>& children_of(Index parent, ContentType type);
  // Changes a page while it stands in no order and under no title.
  template <typename Change>
  void change(Index page, Change&& apply) {
    order_->remove(page);
    remove_title(page);
    apply(pages_[page]);
    order_->add(page);
    add_title(page);
  }
  // Does what `apply` does and tells the listener of it if it was done.
  template <typename Change>
  bool tell(std::string_view what, Index page, Change&& apply) {
    if (!listener_) return apply();
    const PageState before = state_of(page);
    const bool done = apply();
    if (done) listener_(what, page, &before);
    return done;
  }
  bool do_edit(Index page, const Edit& edit);
  bool do_reparent(Index page, Index new_parent);
  bool do_move_to_space(Index page, Index space);
  bool do_set_status(Index page, Status status);
  bool do_put_into(Index page, Index container);
  Index someone_else(std::uint64_t hash) const;  // anybody but the account

  friend class Generator;
  ContentOptions options_;
  std::vector<Space> spaces_;
  std::vector<Page> pages_;
  std::vector<Container> containers_;
  std::vector<User> users_;
  std::vector<Label> labels_;
  std::unordered_map<Id, Index> page_by_id_;
  std::unordered_map<Id, Index> container_by_id_;
  std::unordered_map<Id, Index> space_by_id_;
  std::unordered_map<std::string, Index> user_by_id_;
  std::unordered_map<Index, Overrides> overrides_;
  std::unordered_map<Index, PageDraft> drafts_;
  // Made when they are first needed.
  std::unordered_map<std::string, std::vector<Index>> titles_;  // folded
  std::unordered_map<std::uint64_t, std::vector<Index>> children_;
  bool titles_indexed_ = false;
  bool children_indexed_ = false;
  Listener listener_;
  std::unique_ptr<PageOrder> order_;
};

}  // namespace site
