#pragma once

// Pages that may differ, looked at until that is certain; and the bodies of a sample. Network
// thread only; refers to the Inquiry and the SiteSpaces, which outlive it.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/mirror/checklist.h"
#include "daemon/mirror/compare.h"
#include "daemon/mirror/inquiry.h"
#include "daemon/mirror/site_spaces.h"

namespace mirror {

class SecondLook {
 public:
  SecondLook(Inquiry& inquiry, const SiteSpaces& spaces) : inquiry_(inquiry), spaces_(spaces) {}

  // What the mirror's quarantine says: it is told beside the differences of that page.
  void note(const std::string& subject, const std::string& reason) { notes_[subject] = reason; }
  void suspect(const Checklist::Suspect& suspect);
  // The bodies of these, beside the mirror's; what differs becomes a suspect.
  base::Awaitable<void> compare_bodies(const std::vector<Checklist::Suspect>& sample);
  // Looks at all suspects until nothing is open, a few times at most.
  base::Awaitable<void> confirm();

  std::vector<Difference> take_differences() { return std::move(differences_); }
  // Pages that changed while they were looked at.
  std::int64_t changing() const { return changing_; }
  // The same in the mirror and on the site, but no listing showed them.
  std::int64_t dropped_by_listings() const { return dropped_; }

 private:
  // What one look at the site showed.
  struct Look {
    bool shown = false;
    std::uint64_t facts = 0;
    std::optional<store::Sha256> body;
  };
  struct Open {
    std::optional<Look> last;
    bool listed = false;  // a listing showed it
    bool body = false;    // it is about its body
  };
  struct Part {
    std::vector<store::Id> page_ids;
    bool bodies = false;
  };
  using Rows = std::unordered_map<store::Id, MirrorPage>;
  using Work = base::Awaitable<void> (SecondLook::*)(Part part);

  static Look look_of(const store::Page* site);
  static bool agree(const Look& one, const Look& another);
  // Runs `work` over the parts, as many at once as there are connections.
  base::Awaitable<void> each(std::vector<Part> parts, Work work);
  base::Awaitable<void> take_parts(std::shared_ptr<std::vector<Part>> parts, Work work);
  base::Awaitable<void> compare_part(Part part);
  base::Awaitable<void> confirm_part(Part part);
  // `texts`: hashes of the texts that lie there as well.
  base::Awaitable<std::optional<Rows>> read_rows(const std::vector<store::Id>& page_ids,
                                                 bool texts);
  void settle(store::Id page_id, const MirrorPage& before, const MirrorPage& after,
              const store::Page* site);
  void report(std::vector<Difference> found);
  // Neither what the mirror holds nor what the site shows is in the scope.
  bool out_of_scope(const MirrorPage& mirror, const store::Page* site) const;

  Inquiry& inquiry_;
  const SiteSpaces& spaces_;
  std::map<std::string, std::string> notes_;
  std::map<store::Id, Open> open_;
  std::vector<Difference> differences_;
  std::int64_t changing_ = 0;
  std::int64_t dropped_ = 0;
};

}  // namespace mirror
