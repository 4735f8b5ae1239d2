#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "store/fold.h"
#include "store/reader.h"
#include "store/reader_impl.h"
#include "store/sqlite.h"

namespace store {
namespace {

constexpr const char* kJobColumns =
    "SELECT j.id, j.batch_id, j.line, j.ref, j.action, j.state, j.stuck, j.attempts, j.not_before,"
    " j.page_id, j.space_id, j.parent_id, j.parent_job, j.title, j.status, j.representation,"
    " j.base_version, j.sent_version, j.sent_at, j.message, j.minor_edit, j.on_conflict, j.mark,"
    " j.created_at, j.updated_at, j.undo_of, j.error, j.result,"
    " j.as_user";

// Still to come: it will be sent, or is being looked into.
constexpr const char* kOpen =
    "(e.state IN ('queued','waiting','sending') OR (e.state='blocked' AND e.stuck=0)"
    " OR (e.state='in_doubt' AND e.not_before IS NOT NULL))";

std::optional<std::int32_t> optional_int32(const Query& query, int column) {
  const auto value = query.optional_integer(column);
  return value ? std::optional(static_cast<std::int32_t>(*value)) : std::nullopt;
}

Job read_job(const Query& query) {
  Job job;
  job.id = query.integer(0);
  job.batch_id = query.integer(1);
  job.line = query.integer(2);
  job.ref = query.optional_text(3);
  job.action = parse_job_action(query.view(4)).value_or(JobAction::kUpdatePage);
  job.state = parse_job_state(query.view(5)).value_or(JobState::kFailed);
  job.stuck = query.flag(6);
  job.attempts = query.int32(7);
  job.not_before = query.optional_time(8);
  job.page_id = query.optional_integer(9);
  job.space_id = query.optional_integer(10);
  job.parent_id = query.optional_integer(11);
  job.parent_job = query.optional_integer(12);
  job.title = query.text(13);
  job.status = query.text(14);
  job.representation = query.text(15);
  job.base_version = optional_int32(query, 16);
  job.sent_version = optional_int32(query, 17);
  job.sent_at = query.optional_time(18);
  job.message = query.text(19);
  job.minor_edit = query.flag(20);
  job.on_conflict = parse_on_conflict(query.view(21)).value_or(OnConflict::kFail);
  job.mark = query.text(22);
  job.created_at = query.time(23);
  job.updated_at = query.time(24);
  job.undo_of = query.optional_integer(25);
  job.error = query.text(26);
  job.result = query.text(27);
  job.as_user = query.text(28);
  return job;
}

std::vector<Id> parse_id_array(std::string_view text) {
  std::vector<Id> ids;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at != end) {
    Id id = 0;
    const auto [stop, error] = std::from_chars(at, end, id);
    if (error == std::errc()) ids.push_back(id);
    at = error == std::errc() ? stop : at + 1;
  }
  return ids;
}

// "<time> <reason>"
std::optional<JobsPause> parse_pause(const std::optional<std::string>& text, bool by_user) {
  if (!text) return std::nullopt;
  JobsPause pause;
  pause.by_user = by_user;
  const auto blank = text->find(' ');
  if (const auto since = parse_iso8601(text->substr(0, blank))) pause.since = *since;
  if (blank != std::string::npos) pause.reason = text->substr(blank + 1);
  return pause;
}

void read_states(const Query& query, JobBatchRow& row, int first) {
  const auto state = parse_job_state(query.view(first));
  const auto count = query.integer(first + 1);
  if (!state) return;
  row.states.emplace_back(*state, count);
  row.jobs += count;
  row.stuck += query.integer(first + 2);
  row.in_look += query.integer(first + 3);
}

}  // namespace

Result<std::optional<Job>> Reader::job(JobId id, bool with_body) {
  impl_->db->adopt_thread();
  std::optional<Job> job;
  impl_->each(
      std::string(kJobColumns) + (with_body ? ", b.body" : "") + " FROM job j" +
          (with_body ? " LEFT JOIN job_body b ON b.job_id=j.id" : "") + " WHERE j.id=?",
      [&](Query& query) { query.bind(id); },
      [&](const Query& query) {
        job = read_job(query);
        if (with_body) job->body = query.text(29);
        return false;
      });
  return impl_->answer(std::move(job));
}

Result<std::vector<Job>> Reader::jobs(const JobFilter& filter) {
  impl_->db->adopt_thread();
  std::string sql = std::string(kJobColumns) + " FROM job j WHERE j.id>?1";
  if (filter.batch_id) sql += " AND j.batch_id=?2";
  if (!filter.states.empty()) {
    sql += " AND j.state IN (";
    for (std::size_t i = 0; i < filter.states.size(); ++i) {
      sql.append(i > 0 ? ",'" : "'").append(to_string(filter.states[i])).append("'");
    }
    sql += ")";
  }
  sql += " ORDER BY j.id LIMIT " + std::to_string(filter.limit);
  std::vector<Job> jobs;
  impl_->each(
      sql,
      [&](Query& query) {
        query.bind(filter.after);
        if (filter.batch_id) query.bind(*filter.batch_id);
      },
      [&](const Query& query) {
        jobs.push_back(read_job(query));
        return true;
      });
  return impl_->answer(std::move(jobs));
}

Result<std::vector<JobId>> Reader::jobs_before(JobId id) {
  impl_->db->adopt_thread();
  std::vector<JobId> ids;
  impl_->each(
      "SELECT after_job FROM job_after WHERE job_id=? ORDER BY after_job",
      [&](Query& query) { query.bind(id); },
      [&](const Query& query) {
        ids.push_back(query.integer(0));
        return true;
      });
  return impl_->answer(std::move(ids));
}

Result<std::vector<JobEvent>> Reader::job_events(JobId id) {
  impl_->db->adopt_thread();
  std::vector<JobEvent> events;
  impl_->each(
      "SELECT at, state, reason FROM job_event WHERE job_id=? ORDER BY id",
      [&](Query& query) { query.bind(id); },
      [&](const Query& query) {
        JobEvent event;
        event.at = query.time(0);
        event.state = parse_job_state(query.view(1)).value_or(JobState::kQueued);
        event.reason = query.text(2);
        events.push_back(std::move(event));
        return true;
      });
  return impl_->answer(std::move(events));
}

// By the number of the event, from the first of the batch on: what happens after `after` is at the
// end of a table that only grows.
Result<std::vector<BatchEvent>> Reader::batch_events(BatchId id, std::int64_t after,
                                                     std::size_t limit) {
  impl_->db->adopt_thread();
  std::vector<BatchEvent> events;
  impl_->each(
      "SELECT e.id, e.job_id, e.at, e.state, e.reason FROM job_event e CROSS JOIN job j"
      " ON j.id=e.job_id WHERE j.batch_id=?1 AND e.id>?2 AND e.id>=coalesce((SELECT min(f.id)"
      " FROM job_event f WHERE f.job_id=(SELECT min(k.id) FROM job k WHERE k.batch_id=?1)), 0)"
      " ORDER BY e.id LIMIT ?3",
      [&](Query& query) { query.bind(id).bind(after).bind(static_cast<std::int64_t>(limit)); },
      [&](const Query& query) {
        BatchEvent event;
        event.id = query.integer(0);
        event.job_id = query.integer(1);
        event.at = query.time(2);
        event.state = parse_job_state(query.view(3)).value_or(JobState::kQueued);
        event.reason = query.text(4);
        events.push_back(std::move(event));
        return true;
      });
  return impl_->answer(std::move(events));
}

Result<std::optional<JobImage>> Reader::job_image(JobId id, const std::string& kind) {
  impl_->db->adopt_thread();
  std::optional<JobImage> image;
  BlobCodec codec;
  impl_->each(
      "SELECT version, status, title, parent_id, parent_type, author_id, children, encoding,"
      " raw_bytes, body FROM job_image WHERE job_id=? AND kind=?",
      [&](Query& query) { query.bind(id).bind(kind); },
      [&](const Query& query) {
        JobImage found;
        found.kind = kind;
        found.version = query.int32(0);
        found.status = query.text(1);
        found.title = query.text(2);
        found.parent_id = query.optional_integer(3);
        found.parent_type = query.optional_text(4);
        found.author_id = query.text(5);
        found.children = parse_id_array(query.view(6));
        const auto form =
            query.integer(7) == 0 ? EncodedBody::Form::kPlain : EncodedBody::Form::kZstd;
        auto body = codec.decode(form, query.view(9), query.integer(8), {});
        if (!body) {
          impl_->db->set_error(body.error());
          return false;
        }
        found.body = std::move(*body);
        image = std::move(found);
        return false;
      });
  return impl_->answer(std::move(image));
}

Result<std::vector<JobBatchRow>> Reader::batch_rows(const std::string& which,
                                                    const std::vector<Id>& bounds) {
  impl_->db->adopt_thread();
  std::vector<JobBatchRow> rows;
  impl_->each(
      "SELECT b.id, b.name, b.submitted_by, b.submitted_at, b.undo_of, j.state, count(*),"
      " sum(j.stuck), sum(j.state='in_doubt' AND j.not_before IS NOT NULL)"
      " FROM (SELECT * FROM job_batch " +
          which + ") b JOIN job j ON j.batch_id=b.id GROUP BY b.id, j.state ORDER BY b.id DESC",
      [&](Query& query) {
        for (const auto bound : bounds) query.bind(bound);
      },
      [&](const Query& query) {
        if (rows.empty() || rows.back().id != query.integer(0)) {
          JobBatchRow row;
          row.id = query.integer(0);
          row.name = query.text(1);
          row.submitted_by = query.text(2);
          row.submitted_at = query.time(3);
          row.undo_of = query.optional_integer(4);
          rows.push_back(std::move(row));
        }
        read_states(query, rows.back(), 5);
        return true;
      });
  return impl_->answer(std::move(rows));
}

Result<std::optional<JobBatchRow>> Reader::job_batch(BatchId id) {
  auto rows = batch_rows("WHERE id=?", {id});
  if (!rows) return fail(rows.error());
  if (rows->empty()) return std::optional<JobBatchRow>();
  return std::optional(std::move(rows->front()));
}

Result<std::vector<JobBatchRow>> Reader::job_batches(std::size_t limit,
                                                     std::optional<BatchId> before) {
  return batch_rows("WHERE id<? ORDER BY id DESC LIMIT ?",
                    {before.value_or(std::numeric_limits<BatchId>::max()), static_cast<Id>(limit)});
}

Result<std::map<JobState, std::int64_t>> Reader::job_counts() {
  impl_->db->adopt_thread();
  std::map<JobState, std::int64_t> counts;
  impl_->each("SELECT state, count(*) FROM job GROUP BY state", nullptr, [&](const Query& query) {
    if (const auto state = parse_job_state(query.view(0))) counts[*state] = query.integer(1);
    return true;
  });
  return impl_->answer(std::move(counts));
}

Result<std::optional<JobsPause>> Reader::jobs_pause() {
  auto paused = meta(std::string(kJobsPausedKey));
  if (!paused) return fail(paused.error());
  auto held = meta(std::string(kJobsHeldKey));
  if (!held) return fail(held.error());
  auto pause = parse_pause(*paused, true);
  return pause ? pause : parse_pause(*held, false);
}

Result<std::vector<JobId>> Reader::ready_jobs(Time now, std::size_t limit) {
  impl_->db->adopt_thread();
  std::vector<JobId> ids;
  const std::string open = kOpen;
  impl_->each(
      "SELECT j.id FROM job j INDEXED BY job_open"
      " WHERE j.state IN ('queued', 'waiting', 'in_doubt', 'sending')"
      " AND (j.state='queued' OR (j.state IN ('waiting','in_doubt') AND j.not_before<=?1))"
      " AND NOT EXISTS (SELECT 1 FROM job e WHERE e.page_id=j.page_id AND e.id<j.id AND " +
          open +
          ") AND NOT EXISTS (SELECT 1 FROM job e WHERE e.page_id=j.parent_id AND e.id<j.id"
          "  AND e.action IN ('delete_page','restore_page') AND " +
          open +
          ") AND NOT (j.action='delete_page' AND EXISTS (SELECT 1 FROM job e"
          "  WHERE e.parent_id=j.page_id AND e.id<j.id AND " +
          open + ")) ORDER BY j.id LIMIT ?2",
      [&](Query& query) { query.bind(now).bind(static_cast<std::int64_t>(limit)); },
      [&](const Query& query) {
        ids.push_back(query.integer(0));
        return true;
      });
  return impl_->answer(std::move(ids));
}

Result<std::optional<Time>> Reader::next_job_time(Time now) {
  impl_->db->adopt_thread();
  std::optional<Time> next;
  impl_->each(
      "SELECT min(not_before) FROM job INDEXED BY job_open"
      " WHERE state IN ('queued', 'waiting', 'in_doubt', 'sending')"
      " AND state IN ('waiting','in_doubt') AND not_before>?",
      [&](Query& query) { query.bind(now); },
      [&](const Query& query) {
        next = query.optional_time(0);
        return false;
      });
  return impl_->answer(next);
}

Result<bool> Reader::jobs_left(std::optional<BatchId> batch) {
  impl_->db->adopt_thread();
  bool left = false;
  impl_->each(
      "SELECT 1 FROM job e WHERE e.state IN ('queued', 'waiting', 'in_doubt', 'sending', 'blocked')"
      " AND " +
          std::string(kOpen) + (batch ? " AND e.batch_id=?" : "") + " LIMIT 1",
      [&](Query& query) {
        if (batch) query.bind(*batch);
      },
      [&](const Query&) {
        left = true;
        return false;
      });
  return impl_->answer(left);
}

Result<bool> Reader::is_our_draft(Id page_id) {
  impl_->db->adopt_thread();
  bool draft = false;
  impl_->each(
      // The last that a job made of the page.
      "SELECT action='create_page' AND status='draft' OR action='update_page' AND status='draft'"
      " FROM job WHERE page_id=?1 AND state='done'"
      " AND EXISTS (SELECT 1 FROM job c WHERE c.page_id=?1 AND c.action='create_page'"
      "  AND c.status='draft' AND c.state='done')"
      " AND NOT EXISTS (SELECT 1 FROM page p WHERE p.id=?1) ORDER BY id DESC LIMIT 1",
      [&](Query& query) { query.bind(page_id); },
      [&](const Query& query) {
        draft = query.flag(0);
        return false;
      });
  return impl_->answer(draft);
}

namespace {

constexpr const char* kOurDrafts =
    ", b.body FROM job j LEFT JOIN job_body b ON b.job_id=j.id"
    " WHERE j.status='draft' AND j.action IN ('create_page', 'update_page')"
    " AND j.id=(SELECT max(l.id) FROM job l WHERE l.page_id=j.page_id AND l.state='done')"
    " AND EXISTS (SELECT 1 FROM job c WHERE c.page_id=j.page_id AND c.action='create_page'"
    "  AND c.status='draft' AND c.state='done')"
    " AND NOT EXISTS (SELECT 1 FROM page p WHERE p.id=j.page_id)";

Job read_draft(const Query& query) {
  Job job = read_job(query);
  job.body = query.text(query.columns() - 1);
  return job;
}

}  // namespace

Result<std::vector<Job>> Reader::our_drafts() {
  impl_->db->adopt_thread();
  std::vector<Job> drafts;
  impl_->each(std::string(kJobColumns) + kOurDrafts + " ORDER BY j.page_id", nullptr,
              [&](const Query& query) {
                drafts.push_back(read_draft(query));
                return true;
              });
  return impl_->answer(std::move(drafts));
}

Result<std::optional<Job>> Reader::our_draft(Id page_id) {
  impl_->db->adopt_thread();
  std::optional<Job> draft;
  impl_->each(
      std::string(kJobColumns) + kOurDrafts + " AND j.page_id=?",
      [&](Query& query) { query.bind(page_id); },
      [&](const Query& query) {
        draft = read_draft(query);
        return false;
      });
  return impl_->answer(std::move(draft));
}

Result<std::vector<Id>> Reader::children(Id page_id) {
  impl_->db->adopt_thread();
  std::vector<Id> ids;
  impl_->each(
      "SELECT id FROM page WHERE parent_id=? AND parent_type='page' AND gone_at IS NULL"
      " AND status IN ('current', 'archived') ORDER BY position IS NULL, position, id",
      [&](Query& query) { query.bind(page_id); },
      [&](const Query& query) {
        ids.push_back(query.integer(0));
        return true;
      });
  return impl_->answer(std::move(ids));
}

Result<void> Reader::for_each_title(
    Id space_id, const std::function<void(Id, std::string_view, std::string_view)>& visit) {
  impl_->db->adopt_thread();
  impl_->each(
      "SELECT id, title, status FROM page WHERE space_id=? AND gone_at IS NULL",
      [&](Query& query) { query.bind(space_id); },
      [&](const Query& query) {
        visit(query.integer(0), query.view(1), query.view(2));
        return true;
      });
  return impl_->answer();
}

Result<std::int64_t> Reader::data_version() {
  impl_->db->adopt_thread();
  const auto version = impl_->count("PRAGMA data_version");
  return impl_->answer(version);
}

}  // namespace store
