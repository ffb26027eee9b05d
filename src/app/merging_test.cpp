// Customers found to be one, and found not to be after all: what everybody reads, what is decided, what is restored.
#include <set>

#include "app/bank_fixture.h"
#include "customers/links.h"

namespace amity::app {
namespace {

constexpr std::string_view kPolicy = R"(policy: credit.application
on: credit.application
purpose: credit_decision
basis: contract
features: [customer.account_count, customer.credit_sum_365d, customer.application_count_365d]
outcomes: [approve, decline]
otherwise: approve
fallback: decline
rules:
  - name: has_phone
    when: "has(customer.phone) && customer.phone == '2'"
    outcome: decline
    reason: risk_high
)";

// Merges are made at kNow, and hold for what happens later.
const Timestamp kNow = *parse_timestamp("2026-10-01T00:00:00Z");
const Timestamp kLater = *parse_timestamp("2026-10-01T12:00:00Z");

constexpr store::Statement kDropLinks("test.drop_links", "DELETE FROM customer_links");

// Without where in the log it stands: two banks that took other events besides number theirs otherwise.
void strip_seqs(json::value& value) {
  if (auto* object = value.if_object()) {
    object->erase("seq");
    object->erase("last_seq");
    for (auto& field : *object) strip_seqs(field.value());
  } else if (auto* array = value.if_array()) {
    for (auto& item : *array) strip_seqs(item);
  }
}

class Merging : public BankTest {
 protected:
  void SetUp() override {
    BankTest::SetUp();
    clock_.set(kNow);
    activate_policy();
    must_take({registered("a"), registered("b"), registered("c"), opened("a1", {"a"}), opened("b1", {"b"}),
               opened("ab", {"a", "b"}), opened("c1", {"c"}), updated("b", {{"phone", "2"}}), posted("a1", 100),
               posted("b1", 20), posted("ab", 3)});
  }
  void activate_policy() {
    auto& policies = engine_->services().policies;
    auto author = local_operator();
    author.user = UserId{make_uuid_v8(std::array<uint8_t, 16>{9})};
    author.roles = {security::Role::kDataScientist};
    const auto draft = policies.draft(author, kPolicy);
    ASSERT_TRUE(draft) << draft.error().text();
    ASSERT_TRUE(policies.activate(local_operator(), "credit.application", draft->version));
  }
  Event updated(const std::string& key, json::object data) {
    return event_of("customer.updated", customer(key), std::move(data));
  }
  Event posted(const std::string& key, int64_t minor) {
    return event_of("transaction.posted", account(key),
                    {{"amount", {{"amount_minor", minor}, {"currency", "CNY"}}}, {"direction", "credit"}});
  }
  Event applied(const std::string& key) {
    auto event = event_of(
        "credit.application", account(key),
        {{"application", "app" + key}, {"amount", {{"amount_minor", 5}, {"currency", "CNY"}}}, {"months", 12}});
    event.time = kLater;
    return event;
  }
  api::Response send_as(const security::Caller& caller, const std::string& target, const json::value& body,
                        const std::string& key) {
    api::FirstAnswers first_answers(engine_->database(), clock_, engine_->keys());
    api::Metrics metrics;
    const api::Router router({.routes = api::rest_routes(engine_->services()),
                              .authenticate = [](std::string_view) -> Result<security::Caller> {
                                return fail(Code::kUnauthenticated, "sign in");
                              },
                              .clock = &clock_,
                              .metrics = &metrics,
                              .first_answers = &first_answers});
    api::Request request;
    request.method = api::Method::kPost;
    request.target = target;
    request.headers = {{"content-type", "application/json"}, {"idempotency-key", key}};
    request.body = write_json(body);
    request.caller = caller;
    return router.handle(std::move(request));
  }
  api::Response link(const std::string& what, const std::string& stays, const std::string& other) {
    return post("/v1/customers/" + stays + "/" + what, json::object{{"other", other}, {"basis", "ticket 7"}},
                "link-" + std::to_string(++link_count_));
  }
  void merge(const std::string& stays, const std::string& other) {
    const auto response = link("merge", stays, other);
    ASSERT_EQ(response.status, 201) << response.body;
  }
  void unmerge(const std::string& stays, const std::string& other) {
    const auto response = link("unmerge", stays, other);
    ASSERT_EQ(response.status, 201) << response.body;
  }
  json::value read(const std::string& target) {
    const auto response = get(target);
    EXPECT_EQ(response.status, 200) << target << " " << response.body;
    return *parse_json(response.body);
  }
  // What anybody can read of these customers, text by text, but for the timeline, which tells of merges.
  std::vector<std::string> picture() {
    std::vector<std::string> texts;
    for (const std::string key : {"a", "b", "c"}) {
      texts.push_back(get("/v1/customers/" + key).body);
      texts.push_back(get("/v1/customers?query=" + key).body);
      texts.push_back(decided(applied(key == "c" ? "c1" : key + "1")));
    }
    for (const std::string key : {"a1", "b1", "ab"}) {
      texts.push_back(get("/v1/accounts/" + key).body);
      texts.push_back(get("/v1/accounts/" + key + "/features?at=2026-10-01T12:00:00Z").body);
    }
    return texts;
  }
  // What would be decided, with all it rests on.
  std::string decided(Event event) {
    event.id = "the same";
    auto record = engine_->pipeline().evaluate(local_operator(), std::move(event));
    EXPECT_TRUE(record) << record.error().text();
    record->erase("seq");
    return write_json(*record);
  }
  json::object features_of(const std::string& key) {
    return parse_json(decided(applied(key)))->at("features").at("customer").as_object();
  }
  int64_t differences() {
    const auto report = engine_->rebuild(local_operator(), true);
    EXPECT_TRUE(report) << report.error().text();
    return report->difference_count;
  }
  json::object replayed() {
    const auto report = engine_->replay(local_operator(), std::nullopt);
    EXPECT_TRUE(report) << report.error().text();
    return *report;
  }

  Uuid last_erased() {
    Uuid last;
    const auto read = engine_->database().read([&](store::Reader& reader) {
      return engine_->rooms().log.scan(reader, 1, INT64_MAX, [&](const Event& event) -> Result<void> {
        if (events::is_erasure(event)) last = event.entities[0].id;
        return {};
      });
    });
    EXPECT_TRUE(read) << read.error().text();
    return last;
  }
  // The same keys, and nothing that ever happened.
  void begin_anew() {
    TearDown();
    const std::string file = "sqlite:";
    if (configuration_.database.starts_with(file)) {
      for (const auto* ending : {"", "-wal", "-shm"}) {
        std::filesystem::remove(configuration_.database.substr(file.size()) + ending);
      }
    }
    event_count_ = 0;
    SetUp();
  }

  int link_count_ = 0;
  std::vector<json::object> records_;
};

TEST_P(Merging, makes_one_of_two_under_either_reference) {
  merge("a", "b");
  const auto profile = read("/v1/customers/a");
  EXPECT_EQ(write_json(profile), write_json(read("/v1/customers/b")));
  EXPECT_EQ(profile.at("reference"), "a");
  EXPECT_EQ(profile.at("values").at("phone").at("value"), "2");
  EXPECT_EQ(profile.at("values").at("name").at("value"), "name of b");  // said later
  EXPECT_EQ(profile.at("accounts").as_array().size(), 3U);
  ASSERT_EQ(profile.at("merged").as_array().size(), 1U);
  EXPECT_EQ(profile.at("merged").at(0).at("customer"), "b");
  EXPECT_EQ(read("/v1/customers/c").at("merged").as_array().size(), 0U);
}

TEST_P(Merging, shows_the_events_of_both_once_in_pages_of_any_size) {
  merge("a", "b");
  std::vector<int64_t> whole;
  const auto all = read("/v1/customers/b/timeline?limit=100");
  for (const auto& event : all.at("events").as_array()) {
    whole.push_back(event.at("seq").as_int64());
  }
  EXPECT_EQ(std::set<int64_t>(whole.begin(), whole.end()).size(), whole.size());
  EXPECT_EQ(whole.size(), 10U);  // all but those of c and c1, and the merge
  std::vector<int64_t> paged;
  for (std::string cursor;;) {
    const auto page = read("/v1/customers/a/timeline?limit=3" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const auto& event : page.at("events").as_array()) paged.push_back(event.at("seq").as_int64());
    if (page.at("next").is_null()) break;
    cursor = page.at("next").as_string();
  }
  EXPECT_EQ(paged, whole);
}

TEST_P(Merging, is_found_once) {
  merge("a", "b");
  const auto found = read("/v1/customers?query=name").at("customers").as_array();  // a copy
  std::multiset<std::string> references;
  for (const auto& one : found) references.emplace(one.at("customer").as_string());
  EXPECT_EQ(references, (std::multiset<std::string>{"a", "c"}));
}

TEST_P(Merging, decides_from_what_is_known_of_both_counting_each_event_once) {
  EXPECT_EQ(features_of("a1").at("account_count"), 2.0);
  EXPECT_EQ(features_of("a1").at("credit_sum_365d"), 103.0);
  merge("a", "b");
  for (const std::string key : {"a1", "b1", "ab"}) {
    EXPECT_EQ(features_of(key).at("account_count"), 3.0) << key;
    EXPECT_EQ(features_of(key).at("credit_sum_365d"), 123.0) << key;
  }
  EXPECT_EQ(features_of("c1").at("account_count"), 1.0);
  const auto record = *parse_json(decided(applied("a1")));
  EXPECT_EQ(record.at("outcome"), "decline");  // the phone is b's
  EXPECT_EQ(record.at("merged").as_array().size(), 1U);
  unmerge("a", "b");
  EXPECT_EQ(parse_json(decided(applied("a1")))->at("outcome"), "approve");
}

TEST_P(Merging, counts_what_comes_in_the_same_batch) {
  merge("a", "b");
  must_take({posted("b1", 1000), posted("ab", 100), applied("a1")});
  const auto records = engine_->database().read([this](store::Reader& reader) -> Result<void> {
    records_ = TRY(engine_->services().desk.records(reader, id_of(account("a1")), INT64_MAX, 10));
    return {};
  });
  ASSERT_TRUE(records) << records.error().text();
  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].at("features").at("customer").at("credit_sum_365d"), 1223.0);
}

TEST_P(Merging, taken_back_restores_what_was_byte_for_byte) {
  const auto before = picture();
  merge("a", "b");
  EXPECT_NE(picture(), before);
  unmerge("a", "b");
  EXPECT_EQ(picture(), before);
  open_engine();
  EXPECT_EQ(picture(), before);
  EXPECT_EQ(differences(), 0);
}

TEST_P(Merging, taken_back_after_later_changes_leaves_each_with_its_own) {
  const auto later = [this] {
    must_take({updated("a", {{"phone", "9"}}), posted("b1", 500), updated("b", {{"email", "b@example.org"}}),
               opened("b2", {"b"}), posted("ab", 7)});
  };
  const auto without_seqs = [this] {
    std::vector<std::string> texts;
    for (const auto& text : picture()) {
      auto value = *parse_json(text);
      strip_seqs(value);
      texts.push_back(write_json(value));
    }
    return texts;
  };
  merge("a", "b");
  later();
  unmerge("a", "b");
  const auto merged_once = without_seqs();
  begin_anew();
  later();
  EXPECT_EQ(merged_once, without_seqs());
}

TEST_P(Merging, is_there_again_after_a_restart_and_built_anew_from_the_log) {
  merge("a", "b");
  const auto before = picture();
  open_engine();
  EXPECT_EQ(picture(), before);
  EXPECT_EQ(differences(), 0);
  const auto dropped = engine_->database().write([](store::Transaction& transaction) -> Result<void> {
    EXPECT_EQ(TRY(transaction.execute(kDropLinks, {})), 1);
    return {};
  });
  ASSERT_TRUE(dropped);
  open_engine();
  EXPECT_NE(picture(), before);
  EXPECT_EQ(differences(), 1);
  ASSERT_TRUE(engine_->rebuild(local_operator(), false));
  EXPECT_EQ(picture(), before);
  open_engine();
  EXPECT_EQ(picture(), before);
}

TEST_P(Merging, is_replayed_as_it_was_when_each_decision_was_made) {
  must_take({applied("a1"), posted("b1", 40)});
  merge("a", "b");
  must_take({applied("b1"), posted("a1", 2), applied("ab")});
  unmerge("a", "b");
  must_take({applied("c1")});
  const auto report = replayed();
  EXPECT_EQ(report.at("decisions"), 4);
  EXPECT_EQ(report.at("difference_count"), 0) << write_json(report);
}

TEST_P(Merging, with_somebody_erased_since_is_counted_apart_by_replay) {
  merge("a", "b");
  must_take({applied("a1")});
  unmerge("a", "b");
  must_take({posted("a1", 2)});
  ASSERT_TRUE(erase("b"));
  const auto report = replayed();
  EXPECT_EQ(report.at("difference_count"), 0) << write_json(report);
  EXPECT_EQ(report.at("erased"), 1);
  EXPECT_EQ(reads(customer("a")), "ok");
}

TEST_P(Merging, a_person_is_erased_under_every_reference) {
  merge("a", "b");
  const auto answer = erase("a");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->at("accounts_erased"), 3);  // the joint one was this one person's
  for (const auto* key : {"a", "b"}) EXPECT_EQ(reads(customer(key)), "not_found");
  for (const auto* key : {"a1", "b1", "ab"}) EXPECT_EQ(reads(account(key)), "not_found");
  EXPECT_EQ(reads(customer("c")), "ok");
  open_engine();
  EXPECT_EQ(differences(), 0);
  EXPECT_TRUE(engine_->rooms().records.links().is_empty());
}

// What a crash leaves behind the first of three: who goes first is merged into another, and is not who was asked for.
TEST_P(Merging, an_erasure_cut_short_is_ended_by_asking_again) {
  for (const size_t asked : {0U, 1U, 2U}) {
    const std::string round = std::to_string(asked);
    const std::vector<std::string> keys{"x" + round, "y" + round, "z" + round};
    for (const auto& key : keys) must_take({registered(key)});
    merge(keys[0], keys[1]);
    merge(keys[0], keys[2]);
    const auto& first = asked == 1 ? keys[2] : keys[1];
    ASSERT_TRUE(engine_->keys().destroy(std::vector{id_of(customer(first))}, Uuid{.bytes = {1}}));
    EXPECT_EQ(reads(customer(keys[0])), "ok");  // without who is going
    open_engine();
    const auto erased = erase(keys[asked]);
    ASSERT_TRUE(erased) << erased.error().text();
    for (const auto& key : keys) EXPECT_EQ(reads(customer(key)), "not_found") << key << " asked for " << keys[asked];
    EXPECT_TRUE(engine_->rooms().records.links().is_empty());
    EXPECT_EQ(last_erased(), id_of(customer(keys[asked])));
  }
}

TEST_P(Merging, takes_the_newest_word_on_a_consent_under_whichever_reference_it_was_said) {
  const auto consent = [this](const std::string& key, bool is_given) {
    json::object data{{"purpose", "marketing"}};
    if (is_given) data["notice_version"] = "v1", data["language"] = "zh";
    must_take({event_of(is_given ? "consent.given" : "consent.withdrawn", customer(key), data)});
  };
  consent("a", true);
  consent("b", false);
  merge("a", "b");
  for (const auto* key : {"a", "b"}) {
    EXPECT_EQ(read(std::string("/v1/customers/") + key + "/consents").at("consents").at("marketing").at("given"),
              false);
  }
  unmerge("a", "b");
  EXPECT_EQ(read("/v1/customers/a/consents").at("consents").at("marketing").at("given"), true);
}

TEST_P(Merging, as_of_an_earlier_moment_shows_who_was_one_then) {
  clock_.set(*parse_timestamp("2026-03-01T00:00:00Z"));
  merge("a", "b");
  clock_.set(*parse_timestamp("2026-04-01T00:00:00Z"));
  unmerge("a", "b");
  clock_.set(kNow);
  EXPECT_EQ(read("/v1/customers/b?at=2026-02-01").at("reference"), "b");
  EXPECT_EQ(read("/v1/customers/b?at=2026-03-15").at("reference"), "a");
  EXPECT_EQ(read("/v1/customers/b?at=2026-03-15").at("merged").as_array().size(), 1U);
  EXPECT_EQ(read("/v1/customers/b?at=2026-04-15").at("reference"), "b");
}

TEST_P(Merging, is_refused_where_it_contradicts_and_leaves_no_trace) {
  must_take({event_of("customer.registered", customer("o"), {{"kind", "organisation"}, {"name", "Firm"}}),
             event_of("customer.registered", customer("w"), {{"unit", "/west"}, {"name", "West"}})});
  const auto refused = [this](const std::string& what, const std::string& stays, const std::string& other) {
    const auto response = link(what, stays, other);
    return std::to_string(response.status) + " " + api::error_of_problem(response).place;
  };
  merge("a", "b");
  const auto before = picture();
  EXPECT_EQ(refused("merge", "a", "a"), "422 /data/other");
  EXPECT_EQ(refused("merge", "a", "nobody"), "422 /other");
  EXPECT_EQ(refused("merge", "nobody", "a"), "404 ");
  EXPECT_EQ(refused("merge", "c", "b"), "422 /data/other");
  EXPECT_EQ(refused("merge", "b", "c"), "422 /subject");
  EXPECT_EQ(refused("merge", "c", "o"), "422 /data/other");
  EXPECT_EQ(refused("merge", "c", "w"), "422 /data/other");
  EXPECT_EQ(refused("unmerge", "a", "c"), "422 /data/other");
  EXPECT_EQ(refused("unmerge", "b", "a"), "422 /data/other");
  EXPECT_EQ(picture(), before);
  clock_.advance(hours(-2));
  EXPECT_EQ(refused("unmerge", "a", "b"), "422 /time");
}

TEST_P(Merging, asks_for_what_it_needs) {
  const auto place = [this](const json::value& body) {
    const auto response = post("/v1/customers/a/merge", body, "k" + std::to_string(++link_count_));
    return std::to_string(response.status) + " " + api::error_of_problem(response).place;
  };
  EXPECT_EQ(place(json::object{{"other", "b"}}), "400 /basis");
  EXPECT_EQ(place(json::object{{"basis", "x"}}), "400 /other");
  EXPECT_EQ(place(json::object{{"other", 7}, {"basis", "x"}}), "400 /other");
  EXPECT_EQ(place(json::object{{"other", "b"}, {"basis", "x"}, {"why", "x"}}), "400 ");  // an unknown field
  EXPECT_EQ(place(json::object{{"other", std::string(200, 'b')}, {"basis", "x"}}), "400 /other");
  EXPECT_EQ(post("/v1/customers/a/merge", json::object{{"other", "b"}, {"basis", "x"}}).status, 400);  // no key
}

TEST_P(Merging, is_for_those_who_may_and_see_both) {
  must_take({event_of("customer.registered", customer("e"), {{"unit", "/east"}, {"name", "East"}}),
             event_of("customer.registered", customer("w"), {{"unit", "/west"}, {"name", "West"}})});
  auto manager = local_operator();
  manager.user = UserId{make_uuid_v8(std::array<uint8_t, 16>{3})};
  manager.roles = {security::Role::kRelationshipManager};
  manager.unit = "/east";
  const json::object body{{"other", "w"}, {"basis", "x"}};
  EXPECT_EQ(send_as(manager, "/v1/customers/e/merge", body, "u1").status, 422);  // as if nobody were called w
  manager.roles = {security::Role::kServiceAgent};
  manager.unit = "/";
  EXPECT_EQ(send_as(manager, "/v1/customers/a/merge", json::object{{"other", "b"}, {"basis", "x"}}, "u2").status, 403);
}

TEST_P(Merging, the_same_request_again_gets_the_first_answer) {
  const json::object body{{"other", "b"}, {"basis", "x"}};
  const auto first = post("/v1/customers/a/merge", body, "same");
  const auto second = post("/v1/customers/a/merge", body, "same");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.body, second.body);
}

TEST_P(Merging, is_in_the_audit_chain_with_who_did_it_to_whom) {
  merge("a", "b");
  unmerge("a", "b");
  std::vector<std::string> actions;
  const auto read = engine_->database().read([&](store::Reader& reader) -> Result<void> {
    for (const auto& entry : TRY(security::read_audit(reader, local_operator(), {.limit = 500}))) {
      if (!entry.action.starts_with("customer.") || entry.action.ends_with("read")) continue;
      actions.push_back(entry.action + " " + entry.object);
    }
    return {};
  });
  ASSERT_TRUE(read);
  const auto object = " customer/" + format(id_of(customer("a")));
  EXPECT_EQ(std::ranges::count(actions, "customer.merged" + object), 1);
  EXPECT_EQ(std::ranges::count(actions, "customer.unmerged" + object), 1);
}

TEST_P(Merging, is_learnt_from_as_it_is_decided) {
  merge("a", "b");
  must_take(
      {applied("a1"), event_of("loan.status_recorded", account("a1"), {{"loan", "appa1"}, {"status", "defaulted"}})});
  const auto& set = engine_->rooms().features->set();
  features::TrainingSpec spec{.sample_on = {"credit.application"},
                              .sample_where = {},
                              .sample_key = "application",
                              .label_on = {"loan.status_recorded"},
                              .label_key = "loan",
                              .label_value = "event.status == 'defaulted'",
                              .label_within = {},
                              .group = EntityKind::kAccount,
                              .features = {}};
  const std::vector<std::string> names{"customer.account_count", "customer.credit_sum_365d"};
  spec.features = *set.select(names);
  const auto table = features::build_training_set(
      set, spec,
      [this](int64_t after, int64_t to, const features::EachEvent& each) {
        return engine_->database().read(
            [&](store::Reader& reader) { return engine_->rooms().log.scan(reader, after + 1, to, each); });
      },
      INT64_MAX - 1);
  ASSERT_TRUE(table) << table.error().text();
  ASSERT_EQ(table->row_count(), 1U);
  EXPECT_EQ(table->values, (std::vector<double>{3, 123}));
}

AMITY_ON_BOTH_DATABASES(Merging);

}  // namespace
}  // namespace amity::app
