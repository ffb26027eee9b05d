// The whole engine on a database of its own, doing what scenarios tell it and showing what it knows.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "app/engine.h"
#include "store/database_fixture.h"
#include "tests/scenarios/scenario.h"

namespace amity::scenarios {

class Bank {
 public:
  // `files`: definitions instead of the embedded ones of the same name.
  static Result<std::unique_ptr<Bank>> open(store::Dialect dialect, Timestamp now,
                                            const std::map<std::string, std::string>& files);

  // Does one step, or compares one expectation; an error is a failed scenario.
  Result<void> take(const Step& step);
  // What holds at the end of every scenario: replay, records and audit chain.
  Result<void> check_what_always_holds();

 private:
  Bank(store::Dialect dialect, Timestamp now) : clock_(now) {
    if (dialect == store::Dialect::kPostgresql) {
      postgresql_ = std::make_unique<store::PostgresqlDatabase>(store::test_postgresql_url());
    }
  }
  Result<void> write_institution(const std::map<std::string, std::string>& files);
  Result<void> open_engine();

  Result<std::vector<events::Event>> events_of(const json::value& list, std::string_view id, bool is_history);
  Result<void> given(const json::object& step);
  Result<void> submit(const json::object& step);
  Result<void> repeat(const json::object& step);
  Result<void> evaluate(const json::object& step);
  Result<void> erase(const json::object& step);
  Result<void> train(const json::object& step);
  Result<void> approve(const json::object& step);
  Result<void> compare(const json::object& step, const Result<json::object>& actual) const;

  Result<json::object> answer(const json::object& step) const;
  Result<json::object> record(const json::object& step);
  Result<json::object> profile(const json::object& step);
  Result<json::object> account(const json::object& step);
  Result<json::object> features(const json::object& step);
  Result<json::object> replay();

  ManualClock clock_;
  store::TemporaryFolder folder_;
  std::unique_ptr<store::PostgresqlDatabase> postgresql_;
  app::Configuration configuration_;
  std::unique_ptr<app::Engine> engine_;
  std::map<std::string, events::Event> sent_;   // by event id, the newest
  std::map<std::string, app::Answer> answers_;  // by event id, the newest
  int batch_count_ = 0;
};

}  // namespace amity::scenarios
