#include "store/as_of.h"

namespace store {

std::string pages_as_of(Time time) {
  const auto then = std::to_string(time.time_since_epoch().count());
  // seq: of the state to show; NULL: the present one. number: of the version; NULL: none is known
  // from that time, and the oldest that is known stands for it.
  return "(SELECT q.id, coalesce(t.space_id, q.space_id) AS space_id,"
         " coalesce(t.status, q.status) AS status,"
         " CASE WHEN t.valid_from<=" +
         then + " OR (t.seq IS NULL AND q.state_since<=" + then +
         ") THEN coalesce(t.title, q.title)"
         "  ELSE coalesce(w.title, t.title, q.title) END AS title,"
         " CASE WHEN t.seq IS NULL THEN q.parent_id ELSE t.parent_id END AS parent_id,"
         " CASE WHEN t.seq IS NULL THEN q.parent_type ELSE t.parent_type END AS parent_type,"
         " CASE WHEN t.seq IS NULL THEN q.position ELSE t.position END AS position,"
         " q.author, q.owner, q.last_owner, q.subtype, q.created_at,"
         " coalesce(w.number, q.version) AS version, coalesce(w.created_at, q.modified_at)"
         " AS modified_at, q.web_path, q.observed_at,"
         // Of the present body, or of the blob that holds the older one.
         " CASE WHEN q.body_version=w.number THEN q.body_id END AS body_id,"
         " w.number AS body_version,"
         " CASE WHEN q.body_version=w.number THEN q.body_hash ELSE b.sha256 END AS body_hash,"
         " CASE WHEN q.body_version=w.number THEN q.body_bytes ELSE b.raw_bytes END AS body_bytes,"
         " q.body_due AND q.version=coalesce(w.number, q.version) AS body_due,"
         " NULL AS gone_at, NULL AS gone_reason,"
         " q.number IS NULL OR coalesce(t.valid_from, q.state_since)>" +
         then +
         " AS assumed"
         " FROM (SELECT p.*,"
         " CASE WHEN p.gone_at IS NOT NULL OR p.state_since>" +
         then +
         " THEN coalesce((SELECT s.seq FROM page_state s WHERE s.page_id=p.id AND s.valid_from<=" +
         then +
         " ORDER BY s.seq DESC LIMIT 1),"
         " (SELECT min(s.seq) FROM page_state s WHERE s.page_id=p.id)) END AS seq,"
         " (SELECT v.number FROM page_version v WHERE v.page_id=p.id AND v.created_at<=" +
         then +
         " ORDER BY v.number DESC LIMIT 1) AS number"
         " FROM page p WHERE p.created_at<=" +
         then +
         ") q LEFT JOIN page_state t ON t.page_id=q.id AND t.seq=q.seq"
         " LEFT JOIN page_version w ON w.page_id=q.id AND w.number=coalesce(q.number,"
         " (SELECT min(v.number) FROM page_version v WHERE v.page_id=q.id))"
         " LEFT JOIN blob b ON b.id=w.blob_id"
         // Between two states a page was gone, and after the last one of a tombstone.
         " WHERE (t.seq IS NULL AND q.gone_at IS NULL) OR t.valid_to>" +
         then + ")";
}

}  // namespace store
