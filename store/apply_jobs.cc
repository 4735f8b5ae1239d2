#include "store/apply_jobs.h"

#include <sys/random.h>

#include <array>
#include <utility>

namespace store {
namespace {

std::string id_array(const std::vector<Id>& ids) {
  std::string text = "[";
  for (const Id id : ids) {
    if (text.size() > 1) text += ',';
    text += std::to_string(id);
  }
  return text + "]";
}

// What the version message of a job carries: found by nobody else's text, even where two mirrors
// write to one site.
std::string fresh_mark() {
  std::array<unsigned char, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return "";
  constexpr const char* kDigits = "0123456789abcdef";
  std::string mark;
  for (const unsigned char byte : bytes) {
    mark += kDigits[byte >> 4];
    mark += kDigits[byte & 15];
  }
  return mark;
}

bool is_bad_end(const JobUpdate& update) {
  switch (update.to) {
    case JobState::kFailed:
    case JobState::kConflict:
    case JobState::kCanceled:
      return true;
    case JobState::kInDoubt:
      return !update.not_before;  // left to a person
    default:
      return false;
  }
}

}  // namespace

JobRows::JobRows(Db& db)
    : db_(db),
      move_(db,
            "UPDATE job SET state=?2, stuck=0, not_before=?3, attempts=max(0, attempts+?4),"
            " sent_version=coalesce(?5, sent_version),"
            " sent_at=CASE WHEN ?4>0 THEN coalesce(sent_at, ?8) ELSE sent_at END,"
            " page_id=coalesce(page_id, ?6), error=nullif(?7,''), updated_at=?8,"
            " result=coalesce(nullif(?9,''), result)"
            " WHERE id=?1 AND instr(?10, ','||state||',')>0"),
      note_(db, "INSERT INTO job_event(job_id, at, state, reason) VALUES(?,?,?,?)"),
      put_image_(db,
                 "INSERT INTO job_image(job_id, kind, version, status, title, parent_id,"
                 " parent_type, author_id, children, encoding, raw_bytes, body)"
                 " VALUES(?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(job_id, kind) DO UPDATE SET"
                 " version=excluded.version, status=excluded.status, title=excluded.title,"
                 " parent_id=excluded.parent_id, parent_type=excluded.parent_type,"
                 " author_id=excluded.author_id, children=excluded.children,"
                 " encoding=excluded.encoding, raw_bytes=excluded.raw_bytes, body=excluded.body"),
      name_parent_(db,
                   "UPDATE job SET parent_id=(SELECT page_id FROM job WHERE id=?1)"
                   " WHERE parent_job=?1"),
      find_ready_(db,
                  "SELECT j.id, j.not_before>?2 FROM job_after a JOIN job j ON j.id=a.job_id"
                  " WHERE a.after_job=?1 AND j.state='blocked' AND NOT EXISTS"
                  " (SELECT 1 FROM job_after o JOIN job p ON p.id=o.after_job"
                  "  WHERE o.job_id=j.id AND p.state<>'done') ORDER BY j.id"),
      release_(db, "UPDATE job SET state=?2, stuck=0, updated_at=?3, error=NULL WHERE id=?1"),
      stick_(db,
             "WITH RECURSIVE waits(id) AS (SELECT job_id FROM job_after WHERE after_job=?1"
             " UNION SELECT a.job_id FROM job_after a JOIN waits w ON a.after_job=w.id)"
             " UPDATE job SET stuck=1 WHERE state='blocked' AND id IN waits"),
      unstick_(db,
               "WITH RECURSIVE waits(id) AS (SELECT job_id FROM job_after WHERE after_job=?1"
               " UNION SELECT a.job_id FROM job_after a JOIN waits w ON a.after_job=w.id)"
               " UPDATE job SET stuck=0 WHERE stuck=1 AND id IN waits"),
      restick_(db,
               "WITH RECURSIVE waits(id) AS (SELECT job_id FROM job_after WHERE after_job=?1"
               " UNION SELECT a.job_id FROM job_after a JOIN waits w ON a.after_job=w.id),"
               " bad(id) AS (SELECT a.job_id FROM job_after a JOIN job p ON p.id=a.after_job"
               "  WHERE a.job_id IN waits AND (p.state IN ('failed','conflict','canceled')"
               "   OR (p.state='in_doubt' AND p.not_before IS NULL))"
               " UNION SELECT a.job_id FROM job_after a JOIN bad b ON a.after_job=b.id)"
               " UPDATE job SET stuck=1 WHERE state='blocked' AND id IN bad"),
      add_batch_(db,
                 "INSERT INTO job_batch(name, digest, submitted_by, submitted_at, undo_of)"
                 " VALUES(?,?,?,?,?) RETURNING id"),
      add_job_(db,
               "INSERT INTO job(batch_id, line, ref, action, state, stuck, attempts, not_before,"
               " page_id, space_id, parent_id, title, status, representation, base_version,"
               " message, minor_edit, on_conflict, mark, created_at, updated_at, undo_of,"
               " as_user)"
               " VALUES(?1,?2,?3,?4,?5,0,0,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?18,"
               " ?19,nullif(?20,'')) RETURNING id"),
      add_body_(db, "INSERT INTO job_body(job_id, body) VALUES(?,?)"),
      add_after_(db, "INSERT INTO job_after(job_id, after_job) VALUES(?,?) ON CONFLICT DO NOTHING"),
      set_parent_job_(db, "UPDATE job SET parent_job=?2 WHERE id=?1"),
      requeue_(db,
               "UPDATE job SET state=?2, stuck=0, attempts=0, error=NULL, updated_at=?3,"
               " on_conflict=coalesce(?4, on_conflict),"
               " not_before=CASE WHEN not_before>?3 THEN not_before END WHERE id=?1"),
      state_of_(db,
                "SELECT state, not_before>?2, EXISTS (SELECT 1 FROM job_after o JOIN job p"
                " ON p.id=o.after_job WHERE o.job_id=job.id AND p.state<>'done')"
                " FROM job WHERE id=?1") {}

void JobRows::note(JobId job, JobState state, const std::string& reason, Time now) {
  Query query = note_.begin();
  query.bind(job).bind(now).bind(to_string(state)).bind(reason).run();
}

void JobRows::put_image(JobId job, const JobImage& image) {
  const auto encoded = codec_.encode(image.body, std::nullopt);
  const auto children = id_array(image.children);
  Query query = put_image_.begin();
  query.bind(job).bind(image.kind).bind(image.version).bind(image.status).bind(image.title);
  query.bind(image.parent_id).bind(image.parent_type).bind(image.author_id).bind(children);
  query.bind(encoded.form == EncodedBody::Form::kPlain ? 0 : 1);
  query.bind(static_cast<std::int64_t>(image.body.size())).bind_blob(encoded.data).run();
}

bool JobRows::move(const JobUpdate& update, Time now) {
  std::string from = ",";
  for (const JobState state : update.from) from.append(to_string(state)).append(",");
  {
    Query query = move_.begin();
    query.bind(update.id).bind(to_string(update.to)).bind(update.not_before);
    query.bind(update.attempt ? 1 : update.uncount ? -1 : 0).bind(update.sent_version);
    query.bind(update.page_id).bind(update.error).bind(now).bind(update.result).bind(from).run();
  }
  if (db_.failed() || db_.changes() == 0) return false;
  for (const JobImage& image : update.images) put_image(update.id, image);
  note(update.id, update.to, update.reason, now);
  if (update.to == JobState::kDone) release_dependents(update.id, now);
  if (is_bad_end(update)) stick_dependents(update.id);
  return !db_.failed();
}

void JobRows::release_dependents(JobId job, Time now) {
  {
    Query query = name_parent_.begin();
    query.bind(job).run();
  }
  std::vector<std::pair<JobId, bool>> ready;
  {
    Query query = find_ready_.begin();
    query.bind(job).bind(now);
    while (query.row()) ready.emplace_back(query.integer(0), query.flag(1));
  }
  for (const auto& [id, later] : ready) {
    const JobState state = later ? JobState::kWaiting : JobState::kQueued;
    {
      Query query = release_.begin();
      query.bind(id).bind(to_string(state)).bind(now).run();
    }
    note(id, state, "job " + std::to_string(job) + " is done", now);
  }
}

void JobRows::stick_dependents(JobId job) {
  Query query = stick_.begin();
  query.bind(job).run();
}

void JobRows::free_dependents(JobId job) {
  {
    Query query = unstick_.begin();
    query.bind(job).run();
  }
  Query query = restick_.begin();
  query.bind(job).run();
}

BatchId JobRows::add_batch(const JobQueue::Submission& submission, Time now) {
  Query query = add_batch_.begin();
  query.bind(submission.name).bind(submission.digest).bind(submission.submitted_by).bind(now);
  query.bind(submission.undo_of);
  return query.row() ? query.integer(0) : 0;
}

JobId JobRows::add_job(const JobSpec& spec, BatchId batch, bool blocked, Time now) {
  const std::string mark = fresh_mark();
  if (mark.empty()) {
    db_.set_error(Error(ErrorKind::kSystem, "no_random", "cannot queue: no random numbers"));
    return 0;
  }
  const bool later = spec.not_before && *spec.not_before > now;
  const JobState state = blocked ? JobState::kBlocked
                         : later ? JobState::kWaiting
                                 : JobState::kQueued;
  JobId id = 0;
  {
    Query query = add_job_.begin();
    query.bind(batch).bind(spec.line).bind(spec.ref).bind(to_string(spec.action));
    query.bind(to_string(state)).bind(spec.not_before).bind(spec.page_id).bind(spec.space_id);
    query.bind(spec.parent_id).bind(spec.title).bind(spec.status).bind(spec.representation);
    query.bind(spec.base_version).bind(spec.message).bind(spec.minor_edit);
    query.bind(to_string(spec.on_conflict)).bind(mark).bind(now).bind(spec.undo_of);
    query.bind(spec.as_user);
    if (query.row()) id = query.integer(0);
  }
  if (!spec.body.empty()) {
    Query query = add_body_.begin();
    query.bind(id).bind(spec.body).run();
  }
  note(id, state, "submitted", now);
  return id;
}

std::vector<JobId> JobRows::add_jobs(const JobQueue::Submission& submission, BatchId batch,
                                     Time now) {
  std::vector<JobId> ids;
  ids.reserve(submission.jobs.size());
  for (const JobSpec& spec : submission.jobs) {
    ids.push_back(add_job(spec, batch, !spec.after.empty() || spec.parent_place, now));
    if (db_.failed()) return ids;
  }
  for (std::size_t place = 0; place < submission.jobs.size(); ++place) {
    const JobSpec& spec = submission.jobs[place];
    auto after = spec.after;
    if (spec.parent_place) {
      after.push_back(*spec.parent_place);
      Query query = set_parent_job_.begin();
      query.bind(ids[place]).bind(ids.at(*spec.parent_place)).run();
    }
    for (const std::size_t other : after) {
      Query query = add_after_.begin();
      query.bind(ids[place]).bind(ids.at(other)).run();
    }
  }
  return ids;
}

bool JobRows::requeue(JobId job, std::optional<OnConflict> policy, const std::string& reason,
                      Time now) {
  std::optional<JobState> state;
  bool later = false;
  bool blocked = false;
  {
    Query query = state_of_.begin();
    query.bind(job).bind(now);
    if (query.row()) {
      state = parse_job_state(query.view(0));
      later = query.flag(1);
      blocked = query.flag(2);
    }
  }
  if (!state || (*state != JobState::kFailed && *state != JobState::kConflict &&
                 *state != JobState::kCanceled && *state != JobState::kInDoubt)) {
    return false;
  }
  const JobState next = blocked ? JobState::kBlocked
                        : later ? JobState::kWaiting
                                : JobState::kQueued;
  {
    std::optional<std::string> name;
    if (policy) name = to_string(*policy);
    Query query = requeue_.begin();
    query.bind(job).bind(to_string(next)).bind(now).bind(name).run();
  }
  note(job, next, reason, now);
  free_dependents(job);
  return !db_.failed();
}

}  // namespace store
