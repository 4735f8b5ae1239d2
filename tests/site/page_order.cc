#include "tests/site/page_order.h"

#include <algorithm>
#include <numeric>

#include "tests/site/content.h"

namespace site {
namespace {

constexpr std::array<SortBy, 4> kOrders = {SortBy::kId, SortBy::kCreated, SortBy::kModified,
                                           SortBy::kTitle};

std::int64_t number_of(const Page& page, SortBy by) {
  switch (by) {
    case SortBy::kCreated:
      return page.created_at;
    case SortBy::kModified:
      return page.modified_at;
    case SortBy::kTitle:
      return 0;
    case SortBy::kId:
      break;
  }
  return page.id;
}

bool less(const Page& a, const Page& b, SortBy by) {
  if (by == SortBy::kTitle) {
    const int order = a.title.compare(b.title);
    return order != 0 ? order < 0 : a.id < b.id;
  }
  const std::int64_t x = number_of(a, by);
  const std::int64_t y = number_of(b, by);
  return x != y ? x < y : a.id < b.id;
}

}  // namespace

PageOrder::PageOrder(const std::vector<Page>& pages, std::size_t spaces)
    : pages_(pages), spaces_(spaces) {}

Position PageOrder::position(const Page& page, SortBy by) {
  return {number_of(page, by), by == SortBy::kTitle ? page.title : std::string(), page.id};
}

bool PageOrder::before(SortBy by, std::uint32_t a, std::uint32_t b) const {
  return less(pages_[a], pages_[b], by);
}

int PageOrder::compare(const Page& page, const Position& position, SortBy by) {
  if (by == SortBy::kTitle) {
    const int order = page.title.compare(position.title);
    if (order != 0) return order;
  } else {
    const std::int64_t x = number_of(page, by);
    if (x != position.number) return x < position.number ? -1 : 1;
  }
  if (page.id == position.id) return 0;
  return page.id < position.id ? -1 : 1;
}

void PageOrder::prepare(SortBy by) {
  Lists& lists = lists_[static_cast<std::size_t>(by)];
  if (lists.built) return;
  lists.built = true;
  lists.all.resize(pages_.size());
  std::iota(lists.all.begin(), lists.all.end(), 0U);
  std::erase_if(lists.all,
                [&](std::uint32_t page) { return pages_[page].status == Status::kPurged; });
  std::sort(lists.all.begin(), lists.all.end(),
            [&](std::uint32_t a, std::uint32_t b) { return before(by, a, b); });
  lists.by_space.resize(spaces_);
  for (const std::uint32_t page : lists.all) lists.by_space[pages_[page].space].push_back(page);
}

void PageOrder::walk(SortBy by, bool descending, const std::vector<std::uint32_t>& spaces,
                     const std::optional<Position>& after, const Visit& visit) const {
  const Lists& all = lists_[static_cast<std::size_t>(by)];
  // One source per list: [next, end) in ascending terms, taken from the front, or from the back
  // when descending.
  struct Source {
    const List* list;
    std::size_t begin;
    std::size_t end;
  };
  std::vector<Source> heap;
  const auto add_source = [&](const List& list) {
    Source source{&list, 0, list.size()};
    if (after) {
      const auto split = std::partition_point(list.begin(), list.end(), [&](std::uint32_t page) {
        const int order = compare(pages_[page], *after, by);
        return descending ? order < 0 : order <= 0;
      });
      (descending ? source.end : source.begin) = static_cast<std::size_t>(split - list.begin());
    }
    if (source.begin < source.end) heap.push_back(source);
  };
  if (spaces.empty()) {
    add_source(all.all);
  } else {
    for (const std::uint32_t space : spaces) add_source(all.by_space[space]);
  }
  const auto head = [&](const Source& s) { return (*s.list)[descending ? s.end - 1 : s.begin]; };
  const auto later = [&](const Source& a, const Source& b) {
    return descending ? before(by, head(a), head(b)) : before(by, head(b), head(a));
  };
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    Source& source = heap.back();
    if (!visit(head(source))) return;
    if (descending) {
      --source.end;
    } else {
      ++source.begin;
    }
    if (source.begin == source.end) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
}

void PageOrder::remove(std::uint32_t page) {
  for (const SortBy by : kOrders) {
    Lists& sorted = lists_[static_cast<std::size_t>(by)];
    if (!sorted.built) continue;
    for (List* list : {&sorted.all, &sorted.by_space[pages_[page].space]}) {
      const auto place =
          std::lower_bound(list->begin(), list->end(), page,
                           [&](std::uint32_t a, std::uint32_t b) { return before(by, a, b); });
      if (place != list->end() && *place == page) list->erase(place);
    }
  }
}

void PageOrder::add(std::uint32_t page) {
  for (const SortBy by : kOrders) {
    Lists& sorted = lists_[static_cast<std::size_t>(by)];
    if (!sorted.built) continue;
    for (List* list : {&sorted.all, &sorted.by_space[pages_[page].space]}) {
      const auto place =
          std::lower_bound(list->begin(), list->end(), page,
                           [&](std::uint32_t a, std::uint32_t b) { return before(by, a, b); });
      list->insert(place, page);
    }
  }
}

}  // namespace site
