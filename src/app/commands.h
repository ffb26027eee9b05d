// The commands of `amity`, one function each: read the line, make the calls, show the answer.
#pragma once

#include <functional>
#include <string>

#include "app/progress.h"
#include "app/session.h"

namespace amity::app {

// Runs the command of the line; the exit code is main's to find from the error. 1: it ran and found a defect
// (replay differs, the audit chain is broken, a test failed).
Result<int> run_command(const CommandLine& line);

// The commands that work through a session.
Result<int> import_files(Session& session);
Result<int> simulate(Session& session);
// The same in two parts, for the demo: most of it as history, then `train` for each model, then the rest decided.
Result<void> simulate_in_two_parts(Session& session, const std::function<Result<void>(const char* model)>& train);
Result<int> train(Session& session);
Result<int> evaluate(Session& session);
Result<int> list_models(Session& session);
Result<int> export_model(Session& session);
Result<int> approve_model(Session& session);
Result<int> list_policies(Session& session);
Result<int> draft_policy(Session& session);
Result<int> activate_policy(Session& session);
Result<int> decide(Session& session);
Result<int> show_decision(Session& session);
Result<int> replay(Session& session);
Result<int> show_customer(Session& session);
Result<int> find_customer(Session& session);
Result<int> show_timeline(Session& session);
Result<int> erase_customer(Session& session);
Result<int> merge_customers(Session& session);
Result<int> unmerge_customers(Session& session);
Result<int> verify_audit(Session& session);
Result<int> make_checkpoint(Session& session);
Result<int> add_user(Session& session);
Result<int> list_users(Session& session);
Result<int> set_password(Session& session);
Result<int> back_up(Session& session);
Result<int> rebuild(Session& session);
Result<int> doctor(Session& session);

// Those that open no session.
Result<int> serve(const CommandLine& line);
// Until told to stop.
Result<int> serve_engine(const Configuration& configuration, const Words& words, const std::string& greeting);
Result<int> demo(const CommandLine& line);
Result<int> restore(const CommandLine& line);
Result<int> test_expressions(const CommandLine& line);
Result<int> show_statement(const CommandLine& line);
Result<int> match_rows(const CommandLine& line);

// Showing.
void show(const CommandLine& line, const json::value& answer);  // as JSON, whole
bool wants_json(const Session& session);
Result<std::string> read_whole_file(const std::string& path);

}  // namespace amity::app
