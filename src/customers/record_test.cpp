#include "customers/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.h"

namespace amity::customers {
namespace {

using events::EntityKind;
using events::Event;

const events::Pseudonyms kPseudonyms(SecretKey::random());

Timestamp day(int n) { return *parse_timestamp("2024-01-01T00:00:00Z") + days(n); }

Event event_of(int64_t seq, const std::string& type, const events::Reference& subject, Timestamp time,
               json::object data, const std::string& source = "core") {
  auto event = *events::make_event({.source = source,
                                    .id = std::to_string(seq),
                                    .type = type,
                                    .subject = subject,
                                    .time = time,
                                    .data = std::move(data)});
  event.seq = seq;
  event.entities = {kPseudonyms.of(subject)};
  return event;
}

const events::Reference kLin{EntityKind::kCustomer, "lin"};
const events::Reference kAccount{EntityKind::kAccount, "a1"};

json::object money(int64_t minor) { return {{"amount_minor", minor}, {"currency", "CNY"}}; }
json::object opened() {
  return {{"type", "deposit"},
          {"currency", "CNY"},
          {"holders", {{{"customer", "lin"}, {"role", "owner"}}, {{"customer", "wu"}, {"role", "joint_owner"}}}}};
}

std::vector<Event> story_of_lin() {
  return {event_of(1, "customer.registered", kLin, day(0), {{"name", "Lin"}, {"district", "east"}}),
          event_of(2, "customer.updated", kLin, day(9), {{"district", "north"}}, "crm"),
          event_of(3, "customer.updated", kLin, day(5), {{"district", "south"}, {"occupation", "cook"}}, "branch"),
          event_of(4, "consent.given", kLin, day(2),
                   {{"purpose", "marketing"}, {"notice_version", "1"}, {"language", "zh"}}),
          event_of(5, "consent.withdrawn", kLin, day(7), {{"purpose", "marketing"}}),
          event_of(6, "account.opened", kAccount, day(1), opened()),
          event_of(7, "account.holder_removed", kAccount, day(8), {{"customer", "lin"}}),
          event_of(8, "account.holder_added", kAccount, day(6), {{"customer", "lin"}, {"role", "guarantor"}}),
          event_of(9, "relationship.recorded", kLin, day(3), {{"other", "wu"}, {"relationship", "spouse"}}),
          event_of(10, "risk_profile.assessed", kLin, day(4), {{"level", "C2"}, {"valid_until", "2025-01-01"}}),
          event_of(11, "interaction.recorded", kLin, day(4), {{"channel", "phone"}, {"direction", "in"}})};
}

std::vector<Event> story_of_account() {
  return {event_of(1, "account.opened", kAccount, day(0), opened()),
          event_of(2, "account.holder_removed", kAccount, day(8), {{"customer", "wu"}}),
          event_of(3, "account.holder_added", kAccount, day(5), {{"customer", "wu"}, {"role", "guarantor"}}),
          event_of(4, "transaction.posted", kAccount, day(7),
                   {{"amount", money(5)}, {"direction", "credit"}, {"balance_after", money(70)}}),
          event_of(5, "transaction.posted", kAccount, day(6),
                   {{"amount", money(5)}, {"direction", "credit"}, {"balance_after", money(60)}}),
          event_of(6, "loan.granted", kAccount, day(2), {{"loan", "l1"}, {"amount", money(900)}, {"months", 12}}),
          event_of(7, "loan.status_recorded", kAccount, day(4), {{"loan", "l1"}, {"status", "in_arrears"}}),
          event_of(8, "card.issued", kAccount, day(3), {{"card", "k1"}, {"card_type", "gold"}}),
          event_of(9, "standing_order.created", kAccount, day(3), {{"order", "o1"}, {"amount", money(30)}})};
}

template <class T>
T folded(const std::vector<Event>& story) {
  T record;
  record.reference = std::is_same_v<T, CustomerRecord> ? "lin" : "a1";
  for (const auto& event : story) fold(record, event, kPseudonyms);
  return record;
}

template <class T>
void expect_the_same_in_any_order(std::vector<Event> story) {
  const auto expected = write_json(to_json(folded<T>(story)));
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    for (size_t at = story.size(); at > 1; --at) std::swap(story[at - 1], story[random.below(at)]);
    ASSERT_EQ(write_json(to_json(folded<T>(story))), expected);
  }
}

TEST(CustomerRecord, is_the_same_whatever_the_order_of_its_events) {
  expect_the_same_in_any_order<CustomerRecord>(story_of_lin());
}

TEST(AccountRecord, is_the_same_whatever_the_order_of_its_events) {
  expect_the_same_in_any_order<AccountRecord>(story_of_account());
}

TEST(CustomerRecord, knows_where_each_value_comes_from) {
  const auto record = folded<CustomerRecord>(story_of_lin());
  EXPECT_EQ(record.text_of("name"), "Lin");
  EXPECT_EQ(record.text_of("district"), "north");
  EXPECT_EQ(record.values.at("district").from.source, "crm");
  EXPECT_EQ(record.values.at("district").from.seq, 2);
  EXPECT_EQ(record.values.at("occupation").from.time, day(5));
  EXPECT_EQ(record.newest, day(9));
  EXPECT_EQ(record.last_seq, 11);
}

TEST(CustomerRecord, takes_of_two_values_of_one_moment_the_one_later_in_the_log) {
  CustomerRecord record;
  fold(record, event_of(2, "customer.updated", kLin, day(1), {{"district", "second"}}), kPseudonyms);
  fold(record, event_of(1, "customer.updated", kLin, day(1), {{"district", "first"}}), kPseudonyms);
  EXPECT_EQ(record.text_of("district"), "second");
}

TEST(CustomerRecord, as_of_a_date_is_the_fold_of_the_events_up_to_it) {
  auto story = story_of_lin();
  std::erase_if(story, [](const Event& event) { return event.time > day(6); });
  const auto record = folded<CustomerRecord>(story);
  EXPECT_EQ(record.text_of("district"), "south");
  EXPECT_TRUE(record.consents.at("marketing").given);
  EXPECT_FALSE(record.accounts.at("a1").ended);
  EXPECT_EQ(record.accounts.at("a1").role, "guarantor");
}

TEST(CustomerRecord, is_not_linked_to_an_account_it_does_not_hold) {
  CustomerRecord record;
  record.reference = "zhao";
  for (const auto& event : story_of_account()) fold(record, event, kPseudonyms);
  EXPECT_TRUE(record.accounts.empty());
}

TEST(AccountRecord, names_joint_holders_with_their_roles) {
  AccountRecord record;
  fold(record, event_of(1, "account.opened", kAccount, day(0), opened()), kPseudonyms);
  ASSERT_EQ(record.holders.size(), 2U);
  EXPECT_EQ(record.holders.at("lin").role, "owner");
  EXPECT_EQ(record.holders.at("wu").role, "joint_owner");
  EXPECT_EQ(record.holders.at("wu").customer_id, kPseudonyms.of({EntityKind::kCustomer, "wu"}).id);
  EXPECT_FALSE(record.values.contains("holders"));
}

TEST(AccountRecord, keeps_the_balance_of_the_latest_posting_and_counts_all) {
  const auto record = folded<AccountRecord>(story_of_account());
  EXPECT_EQ(record.transaction_count, 2);
  EXPECT_EQ(record.values.at("balance").value.at("amount_minor"), 70);
  EXPECT_EQ(record.loans.at("l1/status").value, "in_arrears");
  EXPECT_TRUE(record.holders.at("wu").ended);
}

TEST(CustomerRecord, names_the_customers_an_event_links) {
  const auto id = [](const std::string& key) { return kPseudonyms.of({EntityKind::kCustomer, key}).id; };
  EXPECT_EQ(customers_linked_by(event_of(1, "account.opened", kAccount, day(0), opened()), kPseudonyms),
            (std::vector<Uuid>{id("lin"), id("wu")}));
  EXPECT_EQ(customers_linked_by(story_of_account()[1], kPseudonyms), std::vector<Uuid>{id("wu")});
  EXPECT_TRUE(customers_linked_by(story_of_account()[3], kPseudonyms).empty());
}

TEST(CustomerRecord, is_read_back_as_it_was_written) {
  const auto written = write_json(to_json(folded<CustomerRecord>(story_of_lin())));
  const auto read = customer_from_json(*parse_json(written));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(write_json(to_json(*read)), written);
  const auto blank = customer_from_json(to_json(CustomerRecord{}));
  EXPECT_TRUE(blank) << blank.error().text();
}

TEST(AccountRecord, is_read_back_as_it_was_written) {
  const auto written = write_json(to_json(folded<AccountRecord>(story_of_account())));
  const auto read = account_from_json(*parse_json(written));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(write_json(to_json(*read)), written);
}

TEST(CustomerRecord, refuses_what_it_did_not_write) {
  auto damaged = to_json(folded<CustomerRecord>(story_of_lin()));
  damaged["surprise"] = 1;
  EXPECT_NE(customer_from_json(damaged).error().message.find("is unknown"), std::string::npos);
  EXPECT_FALSE(customer_from_json(json::object{{"values", 1}}));
}

}  // namespace
}  // namespace amity::customers
