#include <functional>

#include "store/reader.h"
#include "store/reader_impl.h"

namespace store {

Result<void> Reader::in_snapshot(const std::function<Result<void>()>& work) {
  impl_->db->adopt_thread();
  Result<void> done;
  // A statement that has begun and not ended is what holds a snapshot.
  impl_->each("SELECT count(*) FROM meta", nullptr, [&](const Query&) {
    done = work();
    return false;
  });
  if (!done) return done;
  return impl_->answer();
}

Result<void> Reader::for_each_user(const std::function<bool(const User&)>& visit) {
  impl_->db->adopt_thread();
  impl_->each("SELECT account_id, name, status FROM account ORDER BY id", nullptr,
              [&](const Query& query) {
                User user;
                user.account_id = query.text(0);
                user.display_name = query.optional_text(1);
                user.account_status = query.optional_text(2);
                return visit(user);
              });
  return impl_->answer();
}

}  // namespace store
