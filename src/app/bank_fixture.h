// For tests on both databases: a whole bank, opened and opened again, with short words for its events.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

#include "api/first_answers.h"
#include "api/router.h"
#include "app/engine.h"
#include "store/database_fixture.h"

namespace amity::app {

using events::EntityKind;
using events::Event;
using events::Reference;

// Wall time, moved as a test says.
class MovedClock final : public Clock {
 public:
  Timestamp now() const override { return SystemClock().now() + microseconds(moved_us_); }
  void set(Timestamp moment) { moved_us_ = (moment - SystemClock().now()).us; }
  void advance(Duration by) { moved_us_ += by.us; }

 private:
  std::atomic<int64_t> moved_us_ = 0;
};

class BankTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    store::DatabaseTest::SetUp();
    configuration_.database = options().url;
    configuration_.keys = "sqlite:" + (folder() / "amity.keys").string();
    configuration_.key_file = (folder() / "amity.key").string();
    configuration_.checkpoints = (folder() / "amity.checkpoints").string();
    write_institution("duties: []");
    open_engine();
  }
  // The shipped definitions, with these duties to keep data; without one an erasure is one at once.
  void write_institution(const std::string& retention) {
    const auto path = folder() / "institution";
    std::filesystem::copy(AMITY_SOURCE_DIR "/institution", path,
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    std::ofstream(path / "retention.yaml") << retention;
    configuration_.institution = path.string();
  }
  void TearDown() override { engine_.reset(); }

  void open_engine() {
    engine_.reset();
    auto engine = Engine::open(configuration_, clock_);
    ASSERT_TRUE(engine) << engine.error().text();
    engine_ = std::move(*engine);
  }

  Event event_of(const std::string& type, const Reference& subject, json::object data) {
    return *events::make_event({.source = "core",
                                .id = std::to_string(++event_count_),
                                .type = type,
                                .subject = subject,
                                .time = *parse_timestamp("2026-01-01T00:00:00Z") + hours(event_count_),
                                .data = std::move(data)});
  }
  Event registered(const std::string& key) {
    return event_of("customer.registered", {EntityKind::kCustomer, key}, {{"name", "name of " + key}});
  }
  Event opened(const std::string& key, std::initializer_list<std::string> holders) {
    json::array list;
    for (const auto& holder : holders) list.push_back({{"customer", holder}, {"role", "owner"}});
    return event_of("account.opened", {EntityKind::kAccount, key},
                    {{"type", "investment"}, {"currency", "CNY"}, {"holders", std::move(list)}});
  }
  Event ordered(const std::string& account) {
    return event_of(
        "investment.order", {EntityKind::kAccount, account},
        {{"product", "bond_fund"}, {"side", "buy"}, {"amount", {{"amount_minor", 100}, {"currency", "CNY"}}}});
  }
  Answer send(Event event) { return engine_->pipeline().submit(local_operator(), {std::move(event)}).front(); }
  void must_take(std::vector<Event> events) {
    for (const auto& answer : engine_->pipeline().submit(local_operator(), std::move(events))) {
      ASSERT_TRUE(answer) << answer.error().text();
    }
  }
  Result<json::object> erase(const std::string& customer) {
    return engine_->erase(local_operator(), customer, "request 1");
  }

  // What a caller over HTTP is answered.
  api::Response post(const std::string& target, const json::value& body, const std::string& idempotency_key = {},
                     const std::string& content_type = "application/json") {
    api::Request request;
    request.method = api::Method::kPost;
    request.target = target;
    request.headers = {{"content-type", content_type}};
    if (!idempotency_key.empty()) request.headers.push_back({"idempotency-key", idempotency_key});
    request.body = write_json(body);
    return answer_to(std::move(request));
  }
  api::Response get(const std::string& target, const std::string& language = "en") {
    api::Request request;
    request.target = target;
    request.headers = {{"accept-language", language}};
    return answer_to(std::move(request));
  }
  api::Response answer_to(api::Request request) {
    api::FirstAnswers first_answers(engine_->database(), clock_, engine_->keys());
    api::Metrics metrics;
    const api::Router router({.routes = api::rest_routes(engine_->services()),
                              .authenticate = [](std::string_view) -> Result<security::Caller> {
                                return fail(Code::kUnauthenticated, "sign in");
                              },
                              .clock = &clock_,
                              .metrics = &metrics,
                              .first_answers = &first_answers});
    request.caller = local_operator();
    return router.handle(std::move(request));
  }

  Uuid id_of(const Reference& reference) { return engine_->services().pseudonyms.of(reference).id; }
  static Reference customer(const std::string& key) { return {EntityKind::kCustomer, key}; }
  static Reference account(const std::string& key) { return {EntityKind::kAccount, key}; }

  // "ok", or why there is nothing to be read.
  std::string reads(const Reference& reference) {
    const auto& customers = engine_->customers();
    const auto read = reference.kind == EntityKind::kCustomer ? customers.profile(local_operator(), reference.key)
                                                              : customers.account(local_operator(), reference.key);
    return read ? "ok" : std::string(name_of(read.error().code));
  }

  MovedClock clock_;
  Configuration configuration_;
  std::unique_ptr<Engine> engine_;
  int event_count_ = 0;
};

}  // namespace amity::app
