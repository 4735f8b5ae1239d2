#pragma once

// The routes of the site's API: which there are, who may use them, what they answer. Pace, limits
// and broken answers are the session's; everything here is a whole, honest answer. Any thread;
// takes the content's lock itself.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/site/message.h"
#include "tests/site/state.h"
#include "tests/site/write_rules.h"

namespace site {

// What was drawn for one request.
struct Draw {
  Settings settings;
  bool short_page = false;
  bool empty_page = false;
  bool repeated_row = false;
  bool lost_next = false;
  bool beta_headers = false;
  std::uint64_t dice = 0;
};

class Api;
class Listing;
class Renderer;
struct PageFilter;

// Which route a request means, known before it is answered so that it can be counted.
struct Route {
  std::string name;  // `GET /wiki/api/v2/pages/{id}`; `other` for what does not exist
  std::string kind;  // see Traffic::count
  bool writes = false;
  std::string allow;  // with 405: the methods that there are
  Response (Api::*handler)() = nullptr;
  std::vector<std::string> arguments;
  int failure = 0;  // 404, 405, 410, 501 where there is no handler
};

Route find_route(const Request& request);

enum class Caller : std::uint8_t { kUser, kAnonymous, kUnreadable };
Caller identify(const State& state, std::string_view authorization);

// Whom a request is from that a Connect app signed, or has a token for; `user`: whose writes it
// makes and whom it is answered as.
struct Who {
  Caller caller = Caller::kAnonymous;
  Index user = 0;
  std::string why;  // it is refused, as the page of the error says
};
// nullopt: it came by another way.
std::optional<Who> connect_caller(State& state, const Request& request);

// Whose write it is, and where the write log keeps it.
struct Writer {
  std::uint64_t entry = 0;  // of the write log; 0 for reads
  bool own = true;          // the account's: its permissions hold
  Index author = 0;         // of the versions
};

// Answers one request.
class Api {
 public:
  Api(State& state, const Request& request, const Route& route, const Draw& draw,
      const Writer& writer = {})
      : state_(state),
        request_(request),
        route_(route),
        draw_(draw),
        write_(writer.entry),
        own_(writer.own),
        author_(writer.author) {}

  Response answer(Caller caller);

  // Handlers that write; they take the content's lock themselves.
  Response create_page();
  Response update_page();
  Response update_title();
  Response delete_page();
  Response move_page();

  // Handlers that read; the content's lock is held.
  Response pages();
  Response pages_of_space();
  Response page();
  Response direct_children();
  Response descendants();
  Response versions();
  Response version();
  Response page_labels();
  Response spaces();
  Response space();
  Response space_labels();
  Response labels();
  Response label_pages();
  Response users_bulk();
  Response folder() { return container(ContentType::kFolder); }
  Response whiteboard() { return container(ContentType::kWhiteboard); }
  Response database() { return container(ContentType::kDatabase); }
  Response embed() { return container(ContentType::kEmbed); }
  Response current_user();

 private:
  Response container(ContentType type);
  Response list_pages(PageFilter& filter);
  Response list_labels(const std::vector<Index>& labels);
  std::optional<Response> read_filter(PageFilter& filter);
  std::optional<Response> read_spaces(PageFilter& filter);
  void visit_chosen(const PageFilter& filter, const Listing& listing,
                    const std::function<bool(Index)>& visit) const;
  void add_includes(Renderer& renderer, Index page, std::string& out) const;
  struct Place {
    Index parent = kNone;
    ContentType type = ContentType::kPage;
  };
  std::optional<Response> read(WriteForm form, PageWrite& write);
  std::optional<Response> refuse_write(Index page) const;
  std::optional<Response> find_parent(const std::string& text, Index space, Index page,
                                      Place& place) const;
  // `place` is empty if the page stays where it is, `owner` kNone if it keeps its own.
  std::optional<Response> read_place(Index page, const PageWrite& write,
                                     std::optional<Place>& place, Index& owner);
  void put_in_place(Index page, const std::optional<Place>& place, Index owner);
  Response save_page(Index page, const PageWrite& write);
  Response save_draft(Index page, const PageWrite& write);
  Response publish_page(Index page, const PageWrite& write);
  Response restore_page(Index page, const PageWrite& write);
  Response written(Index page, bool of_draft);
  void log_applied(Index page, const std::optional<PageState>& before, bool stores_body);
  // The page that the path names, if the caller may see it; one that was never published only if
  // `drafts_too`.
  Index page_argument(bool drafts_too = false) const;
  Index space_argument() const;
  bool visible(Index space) const;
  void prepare_order();

  State& state_;
  const Request& request_;
  const Route& route_;
  const Draw& draw_;
  std::uint64_t write_;
  bool own_;
  Index author_;
  bool anonymous_ = false;
};

}  // namespace site
