#include "daemon/cli/jobs_command.h"

#include <memory>
#include <string>

#include "daemon/cli/action_command.h"
#include "daemon/cli/jobs_change.h"
#include "daemon/cli/jobs_run.h"
#include "daemon/cli/jobs_show.h"
#include "daemon/cli/jobs_submit.h"
#include "daemon/cli/jobs_watch.h"

namespace cli {

namespace {

// What the subcommands share.
struct Place {
  const GlobalOptions& globals;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  int& exit_code;
};

const CLI::IsMember kPolicies({"fail", "rebase", "overwrite"});

void add_submit(CLI::App& jobs, const Place& place) {
  auto args = std::make_shared<SubmitArgs>();
  auto* submit = jobs.add_subcommand("submit", "Queue a batch of edits, whole or not at all");
  submit->add_option("file", args->file, "JSON Lines or one JSON array; - is standard input")
      ->type_name("FILE|-")
      ->required();
  submit->add_flag("--dry-run", args->dry_run, "Show what would be sent, and queue nothing");
  submit->add_flag("--again", args->again, "Queue it though the same was handed in before");
  submit->add_option("--max-deletes", args->max_deletes, "How many pages it may delete")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  submit->add_option("--on-conflict", args->on_conflict, "Where an entry does not say")
      ->check(kPolicies);
  submit->callback([place, args] {
    place.exit_code = run_jobs_submit(place.globals, *args, place.in, place.out, place.err);
  });
}

void add_list_and_show(CLI::App& jobs, const Place& place) {
  auto args = std::make_shared<JobsListArgs>();
  auto* list = jobs.add_subcommand("list", "The batches; with --batch or --state, their jobs");
  list->add_option("--batch", args->batch, "The jobs of this batch")->type_name("N");
  list->add_option("--state", args->states, "Only jobs in this state (repeatable)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"queued", "waiting", "blocked", "sending", "in_doubt", "done",
                             "failed", "conflict", "canceled"}));
  list->add_option("--limit", args->limit, "At most so many")
      ->type_name("N")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  list->callback([place, args] {
    place.exit_code = run_jobs_list(place.globals, *args, place.out, place.err);
  });
  auto id = std::make_shared<store::JobId>(0);
  auto* show = jobs.add_subcommand("show", "One job: its steps, its outcome, its conflict");
  show->add_option("id", *id, "The job's number")->type_name("ID")->required();
  show->callback(
      [place, id] { place.exit_code = run_jobs_show(place.globals, *id, place.out, place.err); });
}

using Change = int (*)(const GlobalOptions&, const JobsChangeArgs&, std::ostream&, std::ostream&);

void add_change(CLI::App& jobs, const Place& place, const char* name, const char* help,
                Change change) {
  auto args = std::make_shared<JobsChangeArgs>();
  auto* command = jobs.add_subcommand(name, help);
  command->add_option("id", args->jobs, "Numbers of jobs")->type_name("ID");
  command->add_option("--batch", args->batch, "All of this batch that can be")->type_name("N");
  if (change == run_jobs_retry) {
    command->add_option("--on-conflict", args->on_conflict, "How a conflict goes on")
        ->check(kPolicies);
  }
  if (change == run_jobs_undo) {
    command->add_flag("--dry-run", args->dry_run, "Show what would be sent, and queue nothing");
    command->add_flag("--again", args->again, "Queue it though the same was undone before");
    command->add_option("--max-deletes", args->max_deletes, "How many pages it may delete")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber);
  }
  command->callback([place, args, change] {
    place.exit_code = change(place.globals, *args, place.out, place.err);
  });
}

void add_switch(CLI::App& jobs, const Place& place) {
  auto reason = std::make_shared<std::string>();
  auto* pause = jobs.add_subcommand("pause", "Send nothing more until 'jobs resume'");
  pause->add_option("reason", *reason, "Why, for those who look")->type_name("REASON");
  pause->callback([place, reason] {
    place.exit_code = run_jobs_pause(place.globals, *reason, place.out, place.err);
  });
  auto* resume = jobs.add_subcommand("resume", "Go on after 'jobs pause'");
  resume->callback(
      [place] { place.exit_code = run_jobs_resume(place.globals, place.out, place.err); });
}

void add_run_and_watch(CLI::App& jobs, const Place& place) {
  auto batch = std::make_shared<std::optional<store::BatchId>>();
  auto* run = jobs.add_subcommand("run", "Execute the queue now, where no daemon does");
  run->add_option("--batch", *batch, "Until this batch has ended")->type_name("N");
  run->callback([place, batch] {
    place.exit_code = run_jobs_run(place.globals, *batch, place.out, place.err);
  });
  auto watched = std::make_shared<std::optional<store::BatchId>>();
  auto* watch = jobs.add_subcommand("watch", "Follow a batch until it has ended");
  watch->add_option("batch", *watched, "Its number; else the newest")->type_name("BATCH");
  watch->callback([place, watched] {
    place.exit_code = run_jobs_watch(place.globals, *watched, place.out, place.err);
  });
}

void add_action(CLI::App& app, const Place& place) {
  auto args = std::make_shared<ActionArgs>();
  auto* action = app.add_subcommand("action", "One of the connector's actions: JSON in, JSON out");
  action->add_option("name", args->name, "Which one")
      ->type_name("NAME")
      ->required()
      ->check(CLI::IsMember(
          {"get_spaces", "get_pages", "get_page", "create_page", "update_page", "delete_page"}));
  action->add_option("json", args->json, "Its input; - is standard input")
      ->type_name("JSON|-")
      ->capture_default_str();
  action->add_flag("--wait", args->wait, "Wait for the outcome, and print what it returns");
  action->add_flag("--dry-run", args->dry_run, "Show what would be sent, and queue nothing");
  action->add_flag("--live", args->live, "Read from the site, not from the mirror");
  action->callback([place, args] {
    place.exit_code = run_action(place.globals, *args, place.in, place.out, place.err);
  });
}

}  // namespace

void add_jobs_commands(CLI::App& app, const GlobalOptions& globals, std::istream& in,
                       std::ostream& out, std::ostream& err, int& exit_code) {
  const Place place{globals, in, out, err, exit_code};
  auto* jobs = app.add_subcommand("jobs", "The edit queue");
  jobs->require_subcommand(1);
  add_submit(*jobs, place);
  add_list_and_show(*jobs, place);
  add_change(*jobs, place, "retry", "Queue failed jobs and conflicts once more", run_jobs_retry);
  add_change(*jobs, place, "cancel", "Take jobs back that were not sent", run_jobs_cancel);
  add_change(*jobs, place, "undo", "Queue the way back of jobs that are done", run_jobs_undo);
  add_switch(*jobs, place);
  add_run_and_watch(*jobs, place);
  add_action(app, place);
}

}  // namespace cli
