// The simulated bank: the same bytes from the same seed, and a world that is plausible where it can be counted.
#include "simulator/bank.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/crypto.h"
#include "events/catalogue.h"
#include "simulator/bank/person.h"

namespace amity::simulator {
namespace {

Simulation run(const Options& options) {
  auto all = simulate(options);
  EXPECT_TRUE(all);
  return all ? *std::move(all) : Simulation{};
}

// A year of four hundred customers: made once, looked at by several tests.
const Simulation& year() {
  static const Simulation all = run({.customers = 400, .days = 365, .start = *parse_date("2024-01-01"), .seed = 7});
  return all;
}

std::string digest_of(const Simulation& all) {
  DigestWriter writer;
  for (const auto& event : all.events) writer.add(cloud_event_line(event));
  for (const auto& truth : all.truths) writer.add(truth_line(truth));
  return to_hex(writer.finish());
}

int count(std::string_view type) {
  return static_cast<int>(std::ranges::count(year().events, type, &events::Event::type));
}

// The newest of each loan.
std::map<std::string, std::string> standing_of_loans() {
  std::map<std::string, std::string> status;
  for (const auto& event : year().events) {
    if (event.type != "loan.status_recorded") continue;
    status[std::string(event.data.at("loan").as_string())] = event.data.at("status").as_string();
  }
  return status;
}

int64_t amount_of(const events::Event& event) { return event.data.at("amount").at("amount_minor").as_int64(); }

TEST(Bank, gives_the_same_bytes_whatever_the_number_of_threads) {
  const Options one{.customers = 60, .days = 90, .seed = 3};
  Options four = one;
  four.threads = 4;
  EXPECT_EQ(digest_of(run(one)), digest_of(run(four)));
  Options other = one;
  other.seed = 4;
  EXPECT_NE(digest_of(run(one)), digest_of(run(other)));
}

TEST(Bank, gives_the_same_bytes_on_every_machine) {
  EXPECT_EQ(digest_of(run({.customers = 60, .days = 90, .seed = 3})),
            "7d340fdf09399c150a61e8338875ee51d19d0f63988ef97b28411777c9848864");
}

TEST(Bank, tells_events_in_the_order_of_time_each_id_once) {
  std::set<std::string> ids;
  Timestamp last = kEarliest;
  for (const auto& event : year().events) {
    EXPECT_GE(event.time, last);
    last = event.time;
    EXPECT_EQ(event.source, "simulator/7");
    EXPECT_TRUE(ids.insert(event.id).second) << event.id;
  }
  EXPECT_GE(year().events.front().time, *parse_timestamp("2023-12-31T16:00:00Z"));
  EXPECT_LT(last, *parse_timestamp("2024-12-30T16:00:00Z"));
}

TEST(Bank, makes_only_events_of_the_catalogue) {
  for (const auto& event : year().events) {
    const auto* type = events::find_type(event.type);
    ASSERT_NE(type, nullptr) << event.type;
    EXPECT_EQ(type->subject, event.subject.kind);
    EXPECT_FALSE(type->internal);
    const auto data = events::check_data(*type, 1, event.data, "");
    ASSERT_TRUE(data) << event.type << ": " << data.error().text();
  }
}

TEST(Bank, has_customers_with_accounts_of_which_some_are_joint) {
  EXPECT_EQ(count("customer.registered"), 400);
  int joint = 0;
  for (const auto& event : year().events) {
    if (event.type == "account.opened") joint += event.data.at("holders").as_array().size() == 2 ? 1 : 0;
  }
  EXPECT_EQ(count("account.opened") + joint, 400);  // two share one
  EXPECT_GT(joint, 20);
  EXPECT_LT(joint, 80);
}

TEST(Bank, never_lets_an_account_fall_below_nothing) {
  for (const auto& event : year().events) {
    if (event.type != "transaction.posted") continue;
    EXPECT_GT(amount_of(event), 0);
    EXPECT_GE(event.data.at("balance_after").at("amount_minor").as_int64(), 0);
  }
}

TEST(Bank, spends_more_on_saturdays_than_on_tuesdays) {
  std::array<int, 8> payments{};
  for (const auto& event : year().events) {
    if (event.type == "payment.requested") ++payments[static_cast<size_t>(weekday(date_of(event.time + hours(8))))];
  }
  EXPECT_GT(payments[6], payments[2] * 12 / 10);
}

TEST(Bank, labels_each_payment_once_about_a_week_later) {
  std::map<std::string, Timestamp> requested;
  int labelled = 0;
  for (const auto& event : year().events) {
    if (event.type == "payment.requested") requested[event.id] = event.time;
    if (event.type != "payment.labelled") continue;
    const auto payment = requested.find(std::string(event.data.at("payment").as_string()));
    ASSERT_NE(payment, requested.end());
    const Duration waited = event.time - payment->second;
    EXPECT_GE(waited, days(5));
    EXPECT_LE(waited, days(10));
    ++labelled;
  }
  EXPECT_GT(labelled, static_cast<int>(requested.size()) * 95 / 100);
  EXPECT_LE(labelled, static_cast<int>(requested.size()));
}

TEST(Bank, has_rare_fraud_of_three_patterns_that_its_truth_tells) {
  int fraud = 0;
  for (const auto& event : year().events) {
    if (event.type == "payment.labelled") fraud += event.data.at("fraud").as_bool() ? 1 : 0;
  }
  std::map<std::string, int> patterns;
  for (const auto& truth : year().truths) ++patterns[truth.kind];
  EXPECT_GT(patterns["card_testing"], 0);
  EXPECT_GT(patterns["account_takeover"], 0);
  EXPECT_GT(patterns["stolen_card"], 0);
  const double share = static_cast<double>(fraud) / count("payment.requested");
  EXPECT_GT(share, 0.0005);
  EXPECT_LT(share, 0.006);
}

TEST(Bank, grants_loans_of_which_some_fail) {
  const auto status = standing_of_loans();
  EXPECT_GE(count("credit.application"), count("loan.granted"));
  EXPECT_EQ(static_cast<int>(status.size()), count("loan.granted"));  // each loan has a standing at the end
  int defaulted = 0;
  for (const auto& [loan, last] : status) defaulted += last == "defaulted" ? 1 : 0;
  EXPECT_GT(defaulted, 0);
  EXPECT_LT(defaulted, count("loan.granted") / 3);
}

// Or nothing could ever be learnt: a label finds its sample by this number.
TEST(Bank, gives_a_loan_the_number_of_its_application) {
  std::set<std::string> applications;
  for (const auto& event : year().events) {
    if (event.type == "credit.application") applications.emplace(event.data.at("application").as_string());
  }
  for (const auto& [loan, last] : standing_of_loans()) EXPECT_TRUE(applications.contains(loan)) << loan;
}

TEST(Bank, has_as_many_payments_as_it_is_told_and_larger_ones_where_they_are_fewer) {
  const auto payments = [](double payments_a_day) {
    int64_t number = 0;
    int64_t sum = 0;
    for (const auto& event : run({.customers = 200, .days = 60, .payments_a_day = payments_a_day}).events) {
      if (event.type != "payment.requested") continue;
      ++number;
      sum += amount_of(event);
    }
    return std::pair(number, sum);
  };
  const auto [many, spent] = payments(1.0);
  const auto [few, spent_too] = payments(0.1);
  EXPECT_NEAR(static_cast<double>(many), 200 * 60 * 1.0, 200 * 60 * 0.3);
  EXPECT_NEAR(static_cast<double>(few), 200 * 60 * 0.1, 200 * 60 * 0.04);
  EXPECT_GT(spent_too / few, 3 * spent / many);
}

TEST(Bank, refuses_options_beyond_its_bounds) {
  EXPECT_EQ(Bank::create({.customers = 0}).error().place, "customers");
  EXPECT_EQ(Bank::create({.days = 4000}).error().place, "days");
  EXPECT_EQ(Bank::create({.payments_a_day = 0}).error().place, "payments_a_day");
  EXPECT_EQ(Bank::create({.threads = 0}).error().place, "threads");
}

TEST(Identity, belongs_to_nobody_and_has_a_valid_check_character) {
  EXPECT_EQ(identity_check_character("11010519491231002"), 'X');  // the example of GB 11643-1999
  EXPECT_EQ(identity_check_character("44052418800101001"), '4');
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    const Identity person = make_identity(random, i, *parse_date("2024-01-01"));
    EXPECT_TRUE(person.identity_number.starts_with("99"));
    EXPECT_EQ(person.identity_number.size(), 18u);
    EXPECT_EQ(person.identity_number[17], identity_check_character(person.identity_number.substr(0, 17)));
    EXPECT_TRUE(person.phone.starts_with("+86120"));
    EXPECT_LE(person.birth_date, *parse_date("2005-01-01"));
  }
}

}  // namespace
}  // namespace amity::simulator
