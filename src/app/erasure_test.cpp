// Erasing a customer, also where it was cut short: what a crash left is carried through by the next start.
#include <gtest/gtest.h>

#include <algorithm>

#include "api/first_answers.h"
#include "api/router.h"
#include "app/engine.h"
#include "events/decode.h"
#include "store/database_fixture.h"

namespace amity::app {
namespace {

using events::EntityKind;
using events::Event;
using events::Reference;

class ErasureTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    store::DatabaseTest::SetUp();
    configuration_.database = options().url;
    configuration_.keys = "sqlite:" + (folder() / "amity.keys").string();
    configuration_.key_file = (folder() / "amity.key").string();
    configuration_.checkpoints = (folder() / "amity.checkpoints").string();
    open_engine();
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

  // What a crash leaves that came after the keys went and before any room was told.
  void destroy_keys_only(std::initializer_list<Reference> owners) {
    std::vector<Uuid> ids;
    for (const auto& owner : owners) ids.push_back(id_of(owner));
    ASSERT_TRUE(engine_->keys().destroy(ids, Uuid{.bytes = {1}}));
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

  // How many of these the customers room still has rows of.
  size_t rows_of(std::initializer_list<Reference> references) {
    std::vector<Uuid> ids;
    for (const auto& reference : references) ids.push_back(id_of(reference));
    const auto remains = engine_->customers().remains_of(ids);
    EXPECT_TRUE(remains);
    size_t count = remains->accounts.size();
    for (const auto& [id, accounts] : remains->customers) count += 1 + accounts.size();
    return count;
  }

  // The erasures in the log: each with the entities it names, the subject first.
  std::vector<std::vector<Uuid>> erasures_in_log() {
    std::vector<std::vector<Uuid>> erasures;
    const auto read = engine_->database().read([&](store::Reader& reader) {
      const events::EventLog log(engine_->keys(), engine_->services().pseudonyms);
      return log.scan(reader, 1, INT64_MAX, [&](const Event& event) -> Result<void> {
        if (!events::is_erasure(event)) return {};
        auto& named = erasures.emplace_back();
        for (const auto& entity : event.entities) named.push_back(entity.id);
        return {};
      });
    });
    EXPECT_TRUE(read) << read.error().text();
    std::ranges::sort(erasures);
    return erasures;
  }

  std::vector<std::vector<Uuid>> in_order(std::vector<std::vector<Uuid>> lists) {
    std::ranges::sort(lists);
    return lists;
  }

  // What a caller over HTTP is answered, as {status, place}.
  std::pair<int, std::string> post(const json::value& event) {
    api::FirstAnswers first_answers(engine_->database(), clock_, engine_->keys().institution_key("first_answers"));
    const api::Router router({.routes = api::rest_routes(engine_->services()),
                              .authenticate = [](std::string_view) -> Result<security::Caller> {
                                return fail(Code::kUnauthenticated, "sign in");
                              },
                              .clock = &clock_,
                              .metrics = &metrics_,
                              .first_answers = &first_answers});
    api::Request request;
    request.method = api::Method::kPost;
    request.target = "/v1/events";
    request.caller = local_operator();
    request.headers = {{"content-type", "application/cloudevents+json"}};
    request.body = write_json(event);
    const auto response = router.handle(std::move(request));
    const auto error = api::error_of_problem(response);
    return {response.status, response.status == 200 ? response.body : error.place};
  }

  SystemClock clock_;
  Configuration configuration_;
  api::Metrics metrics_;
  std::unique_ptr<Engine> engine_;
  int event_count_ = 0;
};

TEST_P(ErasureTest, cut_short_is_carried_through_by_the_next_start_each_with_their_own_accounts) {
  must_take({registered("lin"), registered("wu"), opened("l1", {"lin"}), opened("l2", {"lin"}), opened("w1", {"wu"})});
  destroy_keys_only({account("l1"), account("l2"), customer("lin")});
  destroy_keys_only({account("w1"), customer("wu")});
  EXPECT_EQ(rows_of({customer("lin"), customer("wu"), account("l1"), account("l2"), account("w1")}), 5U);
  open_engine();
  EXPECT_EQ(rows_of({customer("lin"), customer("wu"), account("l1"), account("l2"), account("w1")}), 0U);
  auto erasures = erasures_in_log();
  for (auto& named : erasures) std::ranges::sort(named.begin() + 1, named.end());
  std::vector<Uuid> lins{id_of(account("l1")), id_of(account("l2"))};
  std::ranges::sort(lins);
  lins.insert(lins.begin(), id_of(customer("lin")));
  EXPECT_EQ(erasures, in_order({lins, {id_of(customer("wu")), id_of(account("w1"))}}));
  open_engine();
  EXPECT_EQ(erasures_in_log().size(), 2U);
}

TEST_P(ErasureTest, of_accounts_alone_is_carried_through_and_their_former_holder_stays) {
  must_take({registered("lin"), opened("l1", {"lin"}), opened("l2", {"lin"}), opened("l3", {"lin"})});
  destroy_keys_only({account("l1"), account("l2")});
  open_engine();
  EXPECT_EQ(rows_of({account("l1"), account("l2")}), 0U);
  EXPECT_EQ(reads(account("l1")), "not_found");
  EXPECT_EQ(reads(account("l3")), "ok");
  EXPECT_EQ(reads(customer("lin")), "ok");
  EXPECT_EQ(erasures_in_log(), in_order({{id_of(account("l1"))}, {id_of(account("l2"))}}));
}

TEST_P(ErasureTest, takes_all_accounts_of_somebody_who_has_very_many) {
  std::vector<Event> events{registered("lin")};
  for (int i = 0; i < 130; ++i) events.push_back(opened("l" + std::to_string(i), {"lin"}));
  must_take(std::move(events));
  const auto erased = erase("lin");
  ASSERT_TRUE(erased) << erased.error().text();
  EXPECT_EQ(erased->at("accounts_erased"), 130);
  EXPECT_EQ(rows_of({customer("lin"), account("l0"), account("l99"), account("l100"), account("l129")}), 0U);
  EXPECT_EQ(erasures_in_log().size(), 31U);
}

TEST_P(ErasureTest, asked_for_again_finishes_what_was_cut_short_and_finds_nobody) {
  must_take({registered("lin"), opened("l1", {"lin"})});
  destroy_keys_only({account("l1"), customer("lin")});
  EXPECT_EQ(erase("lin").error().code, Code::kNotFound);
  EXPECT_EQ(rows_of({customer("lin"), account("l1")}), 0U);
}

TEST_P(ErasureTest, answers_a_repeat_of_an_erased_event_with_a_conflict_and_takes_nothing_twice) {
  const auto lin = registered("lin");
  const auto account_opened = opened("l1", {"lin"});
  const auto order = ordered("l1");
  must_take({lin, account_opened, order});
  ASSERT_TRUE(erase("lin"));
  const auto count = engine_->event_count().value();
  for (const auto& event : {lin, account_opened, order}) {
    const auto again = send(event);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::kConflict) << again.error().text();
    EXPECT_EQ(again.error().place, "/subject");
    EXPECT_EQ(post(events::encode_event(event)), std::pair(409, std::string("/subject")));
  }
  auto contradiction = order;
  contradiction.body_digest[0] ^= 1;
  EXPECT_EQ(send(contradiction).error().place, "/id");
  EXPECT_EQ(send(ordered("l1")).error().code, Code::kUnprocessable);  // a new one
  EXPECT_EQ(engine_->event_count().value(), count);
  EXPECT_EQ(reads(customer("lin")), "not_found");
  EXPECT_EQ(rows_of({customer("lin"), account("l1")}), 0U);
}

// The order was decided by what was known of Lin, its first holder; the account is Wu's too and stays.
TEST_P(ErasureTest, answers_a_repeat_whose_decision_was_erased_with_a_conflict) {
  const auto account_opened = opened("j1", {"lin", "wu"});
  must_take({registered("lin"), registered("wu"),
             event_of("risk_profile.assessed", customer("lin"), {{"level", "C1"}, {"valid_until", "2030-01-01"}}),
             account_opened});
  const auto order = ordered("j1");
  must_take({order});
  const auto first = send(account_opened);
  ASSERT_TRUE(first);
  ASSERT_TRUE(erase("lin"));
  EXPECT_EQ(send(order).error().code, Code::kConflict);
  EXPECT_EQ(post(events::encode_event(order)), std::pair(409, std::string("/subject")));
  const auto again = send(account_opened);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(write_json(*again), write_json(*first));
}

AMITY_ON_BOTH_DATABASES(ErasureTest);

}  // namespace
}  // namespace amity::app
