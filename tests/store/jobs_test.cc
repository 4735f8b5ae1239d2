#include "store/jobs.h"

#include <gmock/gmock.h>

#include "store/reader.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JobsTest : public MirrorTest {
 protected:
  void SetUp() override {
    open();
    auto queue = JobQueue::open(path());
    ASSERT_TRUE(queue) << queue.error().message;
    queue_ = std::move(*queue);
  }
  void TearDown() override {
    queue_.reset();
    MirrorTest::TearDown();
  }

  static JobSpec update(Id page_id, std::int32_t version = 1) {
    JobSpec spec;
    spec.action = JobAction::kUpdatePage;
    spec.page_id = page_id;
    spec.space_id = 7;
    spec.title = "Title " + std::to_string(page_id);
    spec.base_version = version;
    spec.body = "<p>text</p>";
    return spec;
  }
  static JobSpec remove(Id page_id) {
    JobSpec spec;
    spec.action = JobAction::kDeletePage;
    spec.page_id = page_id;
    return spec;
  }
  static JobSpec create(const std::string& title) {
    JobSpec spec;
    spec.action = JobAction::kCreatePage;
    spec.space_id = 7;
    spec.title = title;
    spec.body = "<p>new</p>";
    return spec;
  }
  static JobSpec after(JobSpec spec, std::vector<std::size_t> places) {
    spec.after = std::move(places);
    return spec;
  }

  JobQueue::Accepted submit(std::vector<JobSpec> jobs, bool again = false) {
    JobQueue::Submission submission;
    submission.name = "batch.jsonl";
    submission.digest = sha256("batch " + std::to_string(jobs.size()));
    submission.submitted_by = "ann";
    submission.again = again;
    submission.jobs = std::move(jobs);
    auto accepted = queue_->submit(submission, at(0));
    EXPECT_TRUE(accepted) << accepted.error().message;
    return accepted ? *accepted : JobQueue::Accepted();
  }
  CommitInfo move(const JobUpdate& update) {
    Batch batch(0, at(10));
    batch.jobs.push_back(update);
    return write(std::move(batch));
  }
  void end(JobId id, JobState state) {
    const auto claimed =
        move(JobUpdate(id, {JobState::kQueued, JobState::kWaiting}, JobState::kSending, ""));
    EXPECT_THAT(claimed.jobs_moved, ElementsAre(id));
    JobUpdate update(id, {JobState::kSending}, state, "said so");
    if (state == JobState::kDone) update.page_id = 4711;
    move(update);
  }
  Job job(JobId id) {
    auto found = reader().job(id, true);
    EXPECT_TRUE(found && *found) << id;
    return found && *found ? **found : Job();
  }
  std::string state(JobId id) { return std::string(to_string(job(id).state)); }
  std::vector<JobId> ready(int seconds = 20) {
    auto ids = reader().ready_jobs(at(seconds), 100);
    EXPECT_TRUE(ids) << ids.error().message;
    return ids ? *ids : std::vector<JobId>();
  }

  std::unique_ptr<JobQueue> queue_;
};

TEST_F(JobsTest, ASubmittedBatchIsOnTheDiskWithItsBodiesAndOrder) {
  auto spec = update(5, 3);
  spec.ref = "intro";
  spec.message = "why";
  spec.on_conflict = OnConflict::kRebase;
  const auto accepted = submit({spec, create("New")});
  ASSERT_EQ(accepted.job_ids.size(), 2u);
  const Job first = job(accepted.job_ids[0]);
  EXPECT_EQ(first.batch_id, accepted.batch_id);
  EXPECT_EQ(first.ref, "intro");
  EXPECT_EQ(first.body, "<p>text</p>");
  EXPECT_EQ(first.base_version, 3);
  EXPECT_EQ(first.message, "why");
  EXPECT_EQ(first.on_conflict, OnConflict::kRebase);
  EXPECT_EQ(first.mark.size(), 16u);
  EXPECT_NE(first.mark, job(accepted.job_ids[1]).mark);
  EXPECT_EQ(ready(), accepted.job_ids);
}

TEST_F(JobsTest, TheSameSubmissionIsNotQueuedTwiceUnlessAgainIsSaid) {
  const auto first = submit({update(5)});
  const auto second = submit({update(5)});
  EXPECT_TRUE(second.known);
  EXPECT_EQ(second.batch_id, first.batch_id);
  EXPECT_EQ(second.job_ids, first.job_ids);
  const auto third = submit({update(5)}, true);
  EXPECT_FALSE(third.known);
  EXPECT_NE(third.batch_id, first.batch_id);
}

TEST_F(JobsTest, JobsOfOnePageGoOneAfterTheOther) {
  const auto ids = submit({update(5), update(5, 2), update(6)}).job_ids;
  EXPECT_THAT(ready(), ElementsAre(ids[0], ids[2]));
  move(JobUpdate(ids[0], {JobState::kQueued}, JobState::kSending, ""));
  EXPECT_THAT(ready(), ElementsAre(ids[2]));
  move(JobUpdate(ids[0], {JobState::kSending}, JobState::kDone, ""));
  EXPECT_THAT(ready(), ElementsAre(ids[1], ids[2]));
}

TEST_F(JobsTest, AJobWaitsForThoseItComesAfter) {
  const auto ids = submit({update(5), after(update(6), {0}), after(update(7), {1})}).job_ids;
  EXPECT_EQ(state(ids[1]), "blocked");
  EXPECT_THAT(ready(), ElementsAre(ids[0]));
  end(ids[0], JobState::kDone);
  EXPECT_EQ(state(ids[1]), "queued");
  EXPECT_EQ(state(ids[2]), "blocked");
  end(ids[1], JobState::kDone);
  EXPECT_EQ(state(ids[2]), "queued");
}

TEST_F(JobsTest, WhatWaitsForAFailureIsStuckUntilThatIsRetried) {
  const auto ids = submit({update(5), after(update(6), {0}), after(update(7), {1})}).job_ids;
  end(ids[0], JobState::kFailed);
  EXPECT_TRUE(job(ids[1]).stuck);
  EXPECT_TRUE(job(ids[2]).stuck);
  auto batch = reader().job_batch(job(ids[0]).batch_id);
  ASSERT_TRUE(batch && *batch);
  EXPECT_TRUE((*batch)->ended());
  EXPECT_EQ((*batch)->stuck, 2);
  const auto left = reader().jobs_left(std::nullopt);
  EXPECT_FALSE(left.value_or(true));
  auto retried = queue_->retry({ids[0]}, std::nullopt, "by hand", at(30));
  ASSERT_TRUE(retried);
  EXPECT_THAT(retried->changed, ElementsAre(ids[0]));
  EXPECT_FALSE(job(ids[1]).stuck);
  EXPECT_FALSE(job(ids[2]).stuck);
  EXPECT_THAT(ready(), ElementsAre(ids[0]));
}

TEST_F(JobsTest, WhatIsStuckForTwoReasonsStaysSoWhileOneIsLeft) {
  const auto ids = submit({update(5), update(6), after(update(7), {0, 1})}).job_ids;
  end(ids[0], JobState::kFailed);
  end(ids[1], JobState::kConflict);
  ASSERT_TRUE(queue_->retry({ids[0]}, std::nullopt, "", at(30)));
  EXPECT_TRUE(job(ids[2]).stuck);
  ASSERT_TRUE(queue_->retry({ids[1]}, std::nullopt, "", at(30)));
  EXPECT_FALSE(job(ids[2]).stuck);
}

TEST_F(JobsTest, AStuckJobDoesNotHoldUpOthersOfItsPage) {
  const auto ids = submit({update(5), after(update(6), {0}), update(6)}).job_ids;
  end(ids[0], JobState::kFailed);
  EXPECT_THAT(ready(), ElementsAre(ids[2]));
}

TEST_F(JobsTest, AChildLearnsTheIdOfItsParentWhenThatIsCreated) {
  auto child = create("Child");
  child.parent_place = 0;
  const auto ids = submit({create("Parent"), child}).job_ids;
  EXPECT_EQ(job(ids[1]).parent_job, ids[0]);
  EXPECT_THAT(ready(), ElementsAre(ids[0]));
  end(ids[0], JobState::kDone);
  EXPECT_EQ(job(ids[1]).parent_id, 4711);
  EXPECT_THAT(ready(), ElementsAre(ids[1]));
}

TEST_F(JobsTest, AParentIsNotDeletedBeforeWhatComesBelowIt) {
  auto below = create("Below");
  below.parent_id = 5;
  const auto ids = submit({below, remove(5), create("Elsewhere")}).job_ids;
  EXPECT_THAT(ready(), ElementsAre(ids[0], ids[2]));
  end(ids[0], JobState::kDone);
  EXPECT_THAT(ready(), ElementsAre(ids[1], ids[2]));
}

TEST_F(JobsTest, WhatIsCanceledIsNotClaimed) {
  const auto ids = submit({update(5), update(6)}).job_ids;
  auto canceled = queue_->cancel({ids[0], 99}, "by ann", at(5));
  ASSERT_TRUE(canceled);
  EXPECT_THAT(canceled->changed, ElementsAre(ids[0]));
  ASSERT_EQ(canceled->refused.size(), 1u);
  EXPECT_EQ(canceled->refused[0].second, "there is no such job");
  const auto claimed = move(JobUpdate(ids[0], {JobState::kQueued}, JobState::kSending, ""));
  EXPECT_THAT(claimed.jobs_moved, IsEmpty());
  EXPECT_EQ(state(ids[0]), "canceled");
}

TEST_F(JobsTest, WhatIsBeingSentOrLookedIntoCannotBeCanceled) {
  const auto ids = submit({update(5), update(6)}).job_ids;
  move(JobUpdate(ids[0], {JobState::kQueued}, JobState::kSending, ""));
  JobUpdate doubt(ids[1], {JobState::kQueued}, JobState::kInDoubt, "reset");
  doubt.not_before = at(15);
  move(doubt);
  auto canceled = queue_->cancel(ids, "", at(12));
  ASSERT_TRUE(canceled);
  EXPECT_THAT(canceled->changed, IsEmpty());
  EXPECT_EQ(canceled->refused.size(), 2u);
  EXPECT_THAT(ready(14), IsEmpty());
  EXPECT_THAT(ready(15), ElementsAre(ids[1]));
}

TEST_F(JobsTest, AJobOfALaterTimeWaitsForIt) {
  auto later = update(5);
  later.not_before = at(100);
  const auto ids = submit({later}).job_ids;
  EXPECT_EQ(state(ids[0]), "waiting");
  EXPECT_THAT(ready(99), IsEmpty());
  const auto next = reader().next_job_time(at(99));
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, at(100));
  EXPECT_THAT(ready(100), ElementsAre(ids[0]));
}

TEST_F(JobsTest, EveryStepIsKeptWithTimeAndReason) {
  const auto ids = submit({update(5)}).job_ids;
  end(ids[0], JobState::kFailed);
  ASSERT_TRUE(queue_->retry({ids[0]}, OnConflict::kOverwrite, "retried by ann", at(30)));
  const auto events = reader().job_events(ids[0]);
  ASSERT_TRUE(events);
  std::vector<std::string> steps;
  for (const auto& event : *events) {
    steps.push_back(std::string(to_string(event.state)) + ": " + event.reason);
  }
  EXPECT_THAT(steps, ElementsAre("queued: submitted", "sending: ", "failed: said so",
                                 "queued: retried by ann"));
  EXPECT_EQ((*events)[3].at, at(30));
  EXPECT_EQ(job(ids[0]).on_conflict, OnConflict::kOverwrite);
}

TEST_F(JobsTest, ImagesComeBackAsTheyWere) {
  const auto ids = submit({update(5)}).job_ids;
  JobUpdate update(ids[0], {JobState::kQueued}, JobState::kSending, "");
  JobImage image;
  image.kind = "before";
  image.version = 3;
  image.status = "current";
  image.title = "Old";
  image.parent_id = 9;
  image.parent_type = "page";
  image.author_id = "a";
  image.children = {3, 1, 2};
  image.body = body_text(5, 3);
  update.images.push_back(image);
  move(update);
  auto found = reader().job_image(ids[0], "before");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->body, image.body);
  EXPECT_EQ((*found)->children, image.children);
  EXPECT_EQ((*found)->parent_id, 9);
  EXPECT_EQ((*found)->title, "Old");
}

TEST_F(JobsTest, APauseOfTheUserOutlivesTheOneOfTheExecutor) {
  ASSERT_TRUE(queue_->pause("maintenance", at(1)));
  auto pause = reader().jobs_pause();
  ASSERT_TRUE(pause && *pause);
  EXPECT_TRUE((*pause)->by_user);
  EXPECT_EQ((*pause)->reason, "maintenance");
  EXPECT_EQ((*pause)->since, at(1));
  ASSERT_TRUE(queue_->resume());
  pause = reader().jobs_pause();
  ASSERT_TRUE(pause);
  EXPECT_FALSE(*pause);
}

TEST_F(JobsTest, AnotherConnectionsWriteIsNoticed) {
  const auto before = reader().data_version();
  ASSERT_TRUE(before);
  submit({update(5)});
  const auto after = reader().data_version();
  ASSERT_TRUE(after);
  EXPECT_NE(*before, *after);
}

TEST_F(JobsTest, ADraftIsOursWhileNothingElseWasMadeOfIt) {
  auto draft = create("Draft");
  draft.status = "draft";
  const auto ids = submit({draft}).job_ids;
  end(ids[0], JobState::kDone);
  EXPECT_TRUE(reader().is_our_draft(4711).value_or(false));
  EXPECT_FALSE(reader().is_our_draft(4712).value_or(true));
  auto discarded = remove(4711);
  const auto second = submit({discarded, create("x")}).job_ids;
  end(second[0], JobState::kDone);
  EXPECT_FALSE(reader().is_our_draft(4711).value_or(true));
}

}  // namespace
}  // namespace store::testing
