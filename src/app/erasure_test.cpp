// Erasing a customer, also where it was cut short: what a crash left is carried through by the next start.
#include <regex>

#include "app/bank_fixture.h"
#include "events/decode.h"

namespace amity::app {
namespace {

class ErasureTest : public BankTest {
 protected:
  // What a crash leaves that came after the keys went and before any room was told.
  void destroy_keys_only(std::initializer_list<Reference> owners) {
    std::vector<Uuid> ids;
    for (const auto& owner : owners) ids.push_back(id_of(owner));
    ASSERT_TRUE(engine_->keys().destroy(ids, Uuid{.bytes = {1}}));
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

  // Everything that is sealed in the log and that any of the owners' keys still opens, names inside events as well.
  std::string all_that_opens(std::span<const Reference> owners) {
    constexpr store::Statement kSealed("test.sealed", "SELECT seq, sealed FROM events");
    std::vector<SecretKey> keys;
    for (const auto& owner : owners) {
      if (const auto key = engine_->keys().key_of(id_of(owner))) keys.push_back(*key);
    }
    const auto opened = [&](ByteView sealed, const std::string& place) {
      std::string all;
      for (const auto& key : keys) {
        if (const auto plain = amity::open(key, sealed, place)) all += as_text(*plain);
      }
      return all;
    };
    std::string all;
    const auto read = engine_->database().read([&](store::Reader& reader) {
      return reader.query(kSealed, {}, [&](const store::Row& row) -> Result<void> {
        const auto seq = row.integer(0);
        const auto event = opened(row.bytes(1), fmt::format("events.sealed:{}", seq));
        all += event;
        static const std::regex name(R"re(\{"owner":"([^"]+)","sealed":"([^"]+)"\})re");
        for (std::sregex_iterator found(event.begin(), event.end(), name), end; found != end; ++found) {
          const auto place = fmt::format("events.named:{}:{}", seq, (*found)[1].str());
          all += opened(TRY(from_base64url((*found)[2].str())), place);
        }
        return {};
      });
    });
    EXPECT_TRUE(read) << read.error().text();
    return all;
  }

  std::vector<std::vector<Uuid>> in_order(std::vector<std::vector<Uuid>> lists) {
    std::ranges::sort(lists);
    return lists;
  }

  // What a caller over HTTP is answered, as {status, place}.
  std::pair<int, std::string> post_event(const Event& event) {
    const auto response = post("/v1/events", events::encode_event(event), {}, "application/cloudevents+json");
    return {response.status, response.status == 200 ? response.body : api::error_of_problem(response).place};
  }
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
    EXPECT_EQ(post_event(event), std::pair(409, std::string("/subject")));
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
  EXPECT_EQ(post_event(order), std::pair(409, std::string("/subject")));
  const auto again = send(account_opened);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(write_json(*again), write_json(*first));
}

TEST_P(ErasureTest, takes_the_states_of_things_nobody_else_used_and_leaves_those_of_shared_things) {
  const auto paid = [&](const std::string& account, const std::string& card) {
    return event_of("payment.requested", {EntityKind::kAccount, account},
                    {{"amount", {{"amount_minor", 500}, {"currency", "CNY"}}},
                     {"channel", "card_online"},
                     {"merchant", "m1"},
                     {"card", card}});
  };
  must_take({registered("lin"), registered("wu"), opened("l1", {"lin"}), opened("w1", {"wu"}), paid("l1", "lins"),
             paid("w1", "wus")});
  const auto states = [&](EntityKind kind, const std::string& key) {
    constexpr store::Statement kStates("test.states", "SELECT COUNT(*) FROM feature_states WHERE owner_id = $1");
    const auto id = id_of({kind, key});
    int64_t count = -1;
    const auto read = engine_->database().read([&](store::Reader& reader) {
      const store::Value parameters[] = {ByteView(id.bytes)};
      return reader.query(kStates, parameters,
                          [&](const store::Row& row) { return count = row.integer(0), Result<void>(); });
    });
    EXPECT_TRUE(read);
    return count;
  };
  open_engine();  // states stand in the table after a stop
  EXPECT_EQ(states(EntityKind::kCard, "lins"), 1);
  ASSERT_TRUE(erase("lin"));
  open_engine();
  EXPECT_EQ(states(EntityKind::kAccount, "l1"), 0);
  EXPECT_EQ(states(EntityKind::kCard, "lins"), 0);
  EXPECT_EQ(states(EntityKind::kCard, "wus"), 1);
  EXPECT_EQ(states(EntityKind::kMerchant, "m1"), 1);
}

// Whoever holds every key there is left opens the whole log.
TEST_P(ErasureTest, takes_a_joint_holder_out_of_the_events_of_those_who_stay) {
  const std::string lin = "canary-lin-7301";
  const auto other_accounts = {account("j1"), account("j2")};
  must_take({registered(lin), registered("wu-7302"), opened("j1", {"wu-7302", lin}), opened("j2", {"wu-7302"}),
             event_of("account.holder_added", account("j2"), {{"customer", lin}, {"role", "guarantor"}}),
             event_of("card.issued", account("j1"), {{"card", "k1"}, {"customer", lin}}),
             event_of("relationship.recorded", customer("wu-7302"), {{"other", lin}, {"relationship", "spouse"}}),
             ordered("j1")});
  must_take({event_of("account.holder_removed", account("j2"), {{"customer", lin}})});
  const std::vector<Reference> everybody = {customer(lin), customer("wu-7302"), account("j1"), account("j2")};
  EXPECT_NE(all_that_opens(everybody).find(lin), std::string::npos) << "the search sees nothing";
  ASSERT_TRUE(erase(lin));
  const auto left = all_that_opens(everybody);
  EXPECT_EQ(left.find(lin), std::string::npos);
  EXPECT_NE(left.find(R"({"customer":"wu-7302","role":"owner"})"), std::string::npos);
  EXPECT_NE(left.find("bond_fund"), std::string::npos);
  open_engine();
  EXPECT_EQ(reads(customer("wu-7302")), "ok");
  for (const auto& reference : other_accounts) {
    const auto shown = engine_->customers().account(local_operator(), reference.key);
    ASSERT_TRUE(shown) << shown.error().text();
    EXPECT_NE(write_json(*shown).find("wu-7302"), std::string::npos);
    EXPECT_EQ(write_json(*shown).find(lin), std::string::npos);
  }
  EXPECT_TRUE(send(ordered("j1")));
}

constexpr auto kTenYears = R"(duties:
  - {name: d1, title: {en: keeping, zh: 保存}, basis: {en: Article 34, zh: 第三十四条}, holds: {}, from: relationship_end, keep: 10 years}
)";

class FreezeTest : public ErasureTest {
 protected:
  void SetUp() override {
    ErasureTest::SetUp();
    write_institution(kTenYears);
    open_engine();
  }
  std::string read_as(const std::string& key, security::Role role, security::Purpose purpose) {
    auto caller = local_operator();
    caller.roles = {role};
    caller.purpose = purpose;
    const auto read = engine_->customers().profile(caller, key);
    return read ? "ok" : std::string(name_of(read.error().code));
  }
  std::string read_for_the_law(const std::string& key) {
    return read_as(key, security::Role::kComplianceOfficer, security::Purpose::kLegalHold);
  }
  // What a crash leaves that came after the keys were locked and before any room was told.
  void lock_keys_only(const std::string& person, std::initializer_list<Reference> owners, Timestamp until) {
    std::vector<security::Freeze> freezes;
    for (const auto& owner : owners) {
      freezes.push_back({id_of(owner), id_of(customer(person)), Uuid{.bytes = {1}}, clock_.now(), until, "d1"});
    }
    ASSERT_TRUE(engine_->keys().freeze(freezes));
  }
};

TEST_P(FreezeTest, says_until_when_and_why_in_both_languages_and_asked_again_finds_nobody) {
  must_take({registered("lin"), opened("l1", {"lin"})});
  const auto day = format(date_of(customers::end_of(clock_.now(), {10, customers::Period::Unit::kYears})));
  const auto frozen = erase("lin");
  ASSERT_TRUE(frozen) << frozen.error().text();
  EXPECT_TRUE(frozen->at("erased_at").is_null());
  EXPECT_EQ(frozen->at("frozen").at("accounts"), 1);
  const auto& text = frozen->at("frozen").at("text");
  EXPECT_EQ(write_json(text.at("en")), "\"frozen until " + day + " because of keeping (Article 34)\"");
  EXPECT_EQ(write_json(text.at("zh")), "\"因保存（第三十四条）冻结至" + day + "\"");
  EXPECT_EQ(erase("lin").error().code, Code::kNotFound);
  auto caller = local_operator();
  caller.purpose = security::Purpose::kLegalHold;
  EXPECT_EQ(write_json(engine_->customers().profile(caller, "lin")->at("frozen_until")), "\"" + day + "\"");
}

TEST_P(FreezeTest, lets_nobody_read_but_a_compliance_officer_with_the_purpose_legal_hold) {
  using security::Purpose;
  using security::Role;
  must_take({registered("lin"), opened("l1", {"lin"})});
  ASSERT_TRUE(erase("lin"));
  EXPECT_EQ(read_for_the_law("lin"), "ok");
  EXPECT_EQ(read_as("lin", Role::kComplianceOfficer, Purpose::kCompliance), "not_found");
  EXPECT_EQ(read_as("lin", Role::kRiskAnalyst, Purpose::kLegalHold), "not_found");
  EXPECT_EQ(read_as("lin", Role::kRelationshipManager, Purpose::kService), "not_found");
  EXPECT_EQ(engine_->keys().key_of(id_of(customer("lin"))).error().code, Code::kNotFound);
  EXPECT_TRUE(engine_->customers().search(local_operator(), "lin", 10)->empty());
}

TEST_P(FreezeTest, cut_short_or_undone_by_an_older_backup_is_carried_through_by_the_next_start) {
  must_take({registered("lin"), opened("l1", {"lin"})});
  lock_keys_only("lin", {customer("lin"), account("l1")}, clock_.now() + days(1));
  EXPECT_EQ(rows_of({customer("lin"), account("l1")}), 2U);
  open_engine();
  EXPECT_EQ(rows_of({customer("lin"), account("l1")}), 0U);
  EXPECT_EQ(reads(customer("lin")), "not_found");
  EXPECT_EQ(read_for_the_law("lin"), "ok");
  EXPECT_EQ(erasures_in_log().size(), 1U);
  open_engine();
  EXPECT_EQ(erasures_in_log().size(), 1U);
}

// Locked and told, its keys destroyed, and then the crash: the last step is done again, its event once.
TEST_P(FreezeTest, whose_end_is_cut_short_is_ended_by_the_next_start) {
  must_take({registered("lin"), opened("l1", {"lin"})});
  write_institution("duties: []");
  const auto ended = clock_.now() + seconds(-1);
  lock_keys_only("lin", {customer("lin"), account("l1")}, ended);
  ASSERT_TRUE(engine_->keys().destroy(id_of(customer("lin")), Uuid{.bytes = {1}}));
  open_engine();
  EXPECT_TRUE(engine_->keys().freezes_until(kLatest)->empty());
  EXPECT_EQ(engine_->keys().key_of(id_of(account("l1")), security::KeyAccess::kLegalHold).error().code,
            Code::kNotFound);
  EXPECT_EQ(rows_of({customer("lin"), account("l1")}), 0U);
  const auto count = erasures_in_log().size();
  lock_keys_only("lin", {customer("lin"), account("l1")}, ended);
  open_engine();
  EXPECT_EQ(erasures_in_log().size(), count);
}

TEST_P(FreezeTest, is_prolonged_where_a_duty_has_come_since) {
  must_take({registered("lin"), opened("l1", {"lin"})});
  lock_keys_only("lin", {customer("lin"), account("l1")}, clock_.now() + seconds(-1));
  open_engine();
  clock_.advance(days(1));
  open_engine();
  EXPECT_EQ(read_for_the_law("lin"), "ok");
  const auto freezes = engine_->keys().freezes_until(kLatest);
  ASSERT_EQ(freezes->size(), 2U);
  EXPECT_GT(freezes->front().until, clock_.now() + days(3650));
}

// What the events of others say of them is sealed with their own key (docs/decisions/0012).
TEST_P(FreezeTest, takes_a_joint_holder_out_of_what_others_read_and_leaves_all_of_it_to_a_legal_hold) {
  must_take(
      {registered("lin-7301"), registered("wu-7302"), opened("j1", {"wu-7302", "lin-7301"}), opened("l1", {"lin-7301"}),
       event_of("card.issued", account("j1"), {{"card", "k1"}, {"customer", "lin-7301"}}),
       event_of("relationship.recorded", customer("wu-7302"), {{"other", "lin-7301"}, {"relationship", "spouse"}})});
  const auto timeline_of = [&](const std::string& key, security::Purpose purpose) {
    auto caller = local_operator();
    caller.purpose = purpose;
    const auto page = engine_->customers().timeline(caller, key, {}, 50);
    std::string text;
    if (!page) return std::string(name_of(page.error().code));
    for (const auto& event : page->events) text += write_json(event);
    return text;
  };
  ASSERT_TRUE(erase("lin-7301"));
  EXPECT_EQ(timeline_of("lin-7301", security::Purpose::kOperation), "not_found");
  EXPECT_EQ(timeline_of("wu-7302", security::Purpose::kOperation).find("lin-7301"), std::string::npos);
  EXPECT_NE(timeline_of("wu-7302", security::Purpose::kOperation).find("card.issued"), std::string::npos);
  const auto held = timeline_of("lin-7301", security::Purpose::kLegalHold);
  EXPECT_NE(held.find(R"("customer":"lin-7301","role")"), std::string::npos) << held;
  EXPECT_NE(held.find(R"("other":"lin-7301")"), std::string::npos) << held;
  open_engine();
  EXPECT_EQ(timeline_of("lin-7301", security::Purpose::kLegalHold), held);
}

// docs/decisions/0013: what ends is announced a day before, and a clock that went back takes the announcement with it.
TEST_P(FreezeTest, is_not_ended_by_a_clock_that_jumps_far_ahead_and_is_put_right) {
  must_take({registered("lin"), opened("l1", {"lin"})});
  write_institution("duties: []");
  const auto until = clock_.now() + days(3653);
  lock_keys_only("lin", {customer("lin"), account("l1")}, until);
  open_engine();
  const auto tick_at = [&](Timestamp moment) {
    clock_.set(moment);
    EXPECT_TRUE(engine_->end_freezes_if_due());
    return read_for_the_law("lin");
  };
  const auto right = clock_.now();
  EXPECT_EQ(tick_at(until + days(9000)), "ok");
  EXPECT_EQ(tick_at(right + seconds(5)), "ok");
  EXPECT_EQ(tick_at(until + days(9002)), "ok");  // as if nothing had been announced
  EXPECT_EQ(tick_at(until - hours(25)), "ok");
  EXPECT_EQ(tick_at(until - hours(24)), "ok");
  open_engine();  // the announcement outlives a start
  EXPECT_EQ(tick_at(until - minutes(1)), "ok");
  EXPECT_EQ(tick_at(until + minutes(5)), "not_found");
  EXPECT_EQ(rows_of({customer("lin"), account("l1")}), 0U);
  EXPECT_TRUE(engine_->keys().freezes_until(kLatest)->empty());
}

AMITY_ON_BOTH_DATABASES(ErasureTest);
AMITY_ON_BOTH_DATABASES(FreezeTest);

}  // namespace
}  // namespace amity::app
