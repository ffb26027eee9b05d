#include "customers/customers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "security/keys_fixture.h"

namespace amity::customers {
namespace {

using events::EntityKind;
using events::Event;
using events::Reference;
using security::Purpose;

Timestamp day(int n) { return *parse_timestamp("2024-01-01T00:00:00Z") + days(n); }

class CustomersTest : public security::KeyedDatabaseTest {
 protected:
  CustomersTest() : KeyedDatabaseTest(day(100)) {}

  void SetUp() override {
    KeyedDatabaseTest::SetUp();
    log_ = std::make_unique<events::EventLog>(*keys_, pseudonyms_);
    records_ = std::make_unique<LiveRecords>(pseudonyms_, *keys_, *log_, 1000);
    customers_ =
        std::make_unique<Customers>(Customers::Parts{*database_, *log_, *records_, *keys_, audit_, pseudonyms_});
  }

  // Takes it in, as the way of an event does.
  void take(const std::string& type, const Reference& subject, json::object data, Timestamp time = day(0),
            const std::string& source = "core") {
    std::vector<Event> batch{*events::make_event({.source = source,
                                                  .id = std::to_string(++event_count_),
                                                  .type = type,
                                                  .subject = subject,
                                                  .time = time,
                                                  .data = std::move(data)})};
    const auto written = database_->write([&](store::Transaction& transaction) -> Result<void> {
      TRY(records_->load(transaction, batch));
      TRY(records_->resolve(batch[0]));
      TRY(log_->append(transaction, batch, clock_.now()));
      records_->apply(batch[0]);
      return records_->save(transaction);
    });
    ASSERT_TRUE(written) << written.error().text();
    records_->publish();
  }
  void take_customer(const std::string& key, json::object values) {
    take("customer.registered", {EntityKind::kCustomer, key}, std::move(values));
  }
  void take_account(const std::string& key, std::initializer_list<std::string> holders) {
    json::array list;
    for (const auto& holder : holders) list.push_back({{"customer", holder}, {"role", "owner"}});
    take("account.opened", {EntityKind::kAccount, key},
         {{"type", "deposit"}, {"currency", "CNY"}, {"holders", std::move(list)}}, day(1));
  }
  void take_posting(const std::string& account, int minor, Timestamp time) {
    take("transaction.posted", {EntityKind::kAccount, account},
         {{"amount", {{"amount_minor", minor}, {"currency", "CNY"}}}, {"direction", "credit"}}, time);
  }
  void take_consent(const std::string& customer, bool is_given, Timestamp time) {
    json::object data{{"purpose", "marketing"}};
    if (is_given) data["notice_version"] = "1", data["language"] = "zh";
    take(is_given ? "consent.given" : "consent.withdrawn", {EntityKind::kCustomer, customer}, std::move(data), time);
  }

  static security::Caller caller(Purpose purpose = Purpose::kService, std::string unit = "/") {
    security::Caller caller;
    caller.user = UserId{Uuid{.bytes = {9}}};
    caller.name = "manager";
    caller.roles = {security::Role::kRelationshipManager, security::Role::kComplianceOfficer};
    caller.unit = std::move(unit);
    caller.purpose = purpose;
    return caller;
  }
  // References of those found, best first.
  std::string found(std::string_view query, const security::Caller& who = caller()) {
    const auto found = customers_->search(who, query, 10);
    EXPECT_TRUE(found) << found.error().text();
    std::string text;
    for (const auto& one : *found) text += (text.empty() ? "" : " ") + one.customer;
    return text;
  }
  // Amounts of the postings on a page of the timeline.
  std::string amounts(const TimelinePage& page) {
    std::string text;
    for (const auto& event : page.events) {
      if (event.at("type") != "transaction.posted") continue;
      text += (text.empty() ? "" : " ") + write_json(event.at("data").at("amount").at("amount_minor"));
    }
    return text;
  }
  // "action object" of every audit entry, oldest first.
  std::vector<std::string> audited() {
    std::vector<std::string> lines;
    const auto read = database_->read([&](store::Reader& reader) -> Result<void> {
      for (const auto& entry : TRY(security::read_audit(reader, caller(), {.limit = 100}))) {
        lines.push_back(entry.action + " " + entry.object + " " + entry.purpose);
      }
      return {};
    });
    EXPECT_TRUE(read) << read.error().text();
    std::ranges::reverse(lines);
    return lines;
  }
  std::string id_of(EntityKind kind, const std::string& key) { return format(pseudonyms_.of({kind, key}).id); }

  events::Pseudonyms pseudonyms_{SecretKey::random()};
  security::AuditChain audit_{clock_, SigningKey::from_seed(SecretKey::random())};
  std::unique_ptr<events::EventLog> log_;
  std::unique_ptr<LiveRecords> records_;
  std::unique_ptr<Customers> customers_;
  int event_count_ = 0;
};

TEST_P(CustomersTest, are_found_by_name_in_chinese_and_english_by_phone_by_account_and_by_key) {
  take_customer("c1", {{"name", "王小明"}, {"name_latin", "Wang Xiaoming"}, {"phone", "+86 138-0013-8000"}});
  take_customer("c2", {{"name", "王芳"}, {"name_latin", "Wang Fang"}, {"phone", "+86 139-0000-1111"}});
  take_account("622200001234", {"c2"});
  EXPECT_EQ(found("王小明"), "c1");
  EXPECT_EQ(found("小明"), "c1");
  EXPECT_EQ(found("XIAOMING"), "c1");
  EXPECT_EQ(found("Wang Fang"), "c2 c1");  // both words before one
  EXPECT_EQ(found("13800138000"), "c1");
  EXPECT_EQ(found("0086 138 0013 8000"), "c1");
  EXPECT_EQ(found("622200001234"), "c2");
  EXPECT_EQ(found("c1"), "c1");
  EXPECT_EQ(found("李"), "");
  EXPECT_EQ(customers_->search(caller(), " .,", 10).error().place, "?query");
}

TEST_P(CustomersTest, are_no_longer_found_by_a_name_they_gave_up_nor_outside_the_unit) {
  take_customer("c1", {{"name", "Lin Mei"}, {"unit", "/east"}});
  take("customer.updated", {EntityKind::kCustomer, "c1"}, {{"name", "Zhao Mei"}}, day(2));
  EXPECT_EQ(found("lin"), "");
  EXPECT_EQ(found("zhao"), "c1");
  EXPECT_EQ(found("zhao", caller(Purpose::kService, "/west")), "");
}

// Seven postings and the two events that began it: three pages of three, whatever arrives in between.
TEST_P(CustomersTest, show_their_timeline_in_pages_of_one_snapshot) {
  take_customer("c1", {{"name", "Lin"}});
  take_account("a1", {"c1"});
  for (int i = 1; i <= 7; ++i) take_posting("a1", i, day(10 + i / 2));  // some share a moment
  const auto first = customers_->timeline(caller(), "c1", {}, 3);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(amounts(*first), "7 6 5");
  take_posting("a1", 99, day(11));  // late: among what was not shown yet
  take_posting("a1", 100, day(50));
  const auto second = customers_->timeline(caller(), "c1", *first->next, 3);
  ASSERT_TRUE(second);
  EXPECT_EQ(amounts(*second), "4 3 2");
  const auto third = customers_->timeline(caller(), "c1", *second->next, 3);
  ASSERT_TRUE(third);
  EXPECT_EQ(amounts(*third), "1");
  EXPECT_EQ(third->events.back().at("type"), "customer.registered");
  EXPECT_FALSE(third->next);
  EXPECT_EQ(amounts(*customers_->timeline(caller(), "c1", {}, 200)), "100 7 6 5 4 99 3 2 1");
  EXPECT_EQ(customers_->timeline(caller(), "c1", "12.x", 3).error().place, "?cursor");
}

TEST_P(CustomersTest, are_read_only_with_an_entry_in_the_audit_chain) {
  take_customer("c1", {{"name", "Lin"}});
  take_account("a1", {"c1"});
  ASSERT_TRUE(customers_->profile(caller(), "c1"));
  ASSERT_TRUE(customers_->account(caller(Purpose::kCompliance), "a1"));
  ASSERT_TRUE(customers_->timeline(caller(), "c1", {}, 10));
  ASSERT_TRUE(customers_->event(caller(), 1));
  EXPECT_EQ(found("lin"), "c1");
  const auto c1 = id_of(EntityKind::kCustomer, "c1");
  EXPECT_EQ(audited(),
            (std::vector<std::string>{"customer.read customer/" + c1 + " service",
                                      "account.read account/" + id_of(EntityKind::kAccount, "a1") + " compliance",
                                      "customer.timeline_read customer/" + c1 + " service",
                                      "event.read event/1 service", "customers.searched customers service"}));
  EXPECT_FALSE(customers_->profile(caller(), "nobody"));
  EXPECT_EQ(audited().size(), 5U);
}

TEST_P(CustomersTest, are_not_read_for_a_purpose_they_did_not_consent_to) {
  take_customer("c1", {{"name", "Lin"}});
  take_account("a1", {"c1"});
  const auto code_of = [](const auto& result) {
    return result ? std::string("ok") : std::string(name_of(result.error().code));
  };
  const auto answers = [&] {
    const auto who = caller(Purpose::kMarketing);
    return code_of(customers_->profile(who, "c1")) + " " + code_of(customers_->account(who, "a1")) + " " +
           code_of(customers_->timeline(who, "c1", {}, 9)) + " " + code_of(customers_->event(who, 2)) + " [" +
           found("lin", who) + "]";
  };
  EXPECT_EQ(answers(), "forbidden not_found forbidden forbidden []");
  take_consent("c1", true, day(10));
  EXPECT_EQ(answers(), "ok ok ok ok [c1]");
  take_consent("c1", false, day(20));
  EXPECT_EQ(answers(), "forbidden not_found forbidden forbidden []");
  EXPECT_TRUE(customers_->profile(caller(Purpose::kService), "c1"));
  EXPECT_EQ(*customers_->consent(caller(), "c1", "marketing"), std::optional(false));
  EXPECT_EQ(*customers_->consent(caller(), "c1", "credit_decision"), std::nullopt);
}

TEST_P(CustomersTest, show_of_a_joint_account_for_marketing_only_what_all_its_holders_agree_to) {
  take_customer("c1", {{"name", "Lin"}});
  take_customer("c2", {{"name", "Wu"}});
  take_account("j1", {"c1", "c2"});
  take_account("a1", {"c1"});
  take_posting("j1", 1, day(5));
  take_posting("a1", 2, day(6));
  take_consent("c1", true, day(10));
  const auto who = caller(Purpose::kMarketing);
  EXPECT_EQ(customers_->account(who, "j1").error().code, Code::kForbidden);
  EXPECT_EQ(amounts(*customers_->timeline(who, "c1", {}, 9)), "2");
  EXPECT_EQ(customers_->profile(who, "c1")->at("accounts").as_array().size(), 1U);
  take_consent("c2", true, day(11));
  EXPECT_EQ(amounts(*customers_->timeline(who, "c1", {}, 9)), "2 1");
  EXPECT_EQ(customers_->profile(who, "c1")->at("accounts").as_array().size(), 2U);
}

TEST_P(CustomersTest, are_shown_as_they_were_on_any_date_with_where_each_value_comes_from) {
  take_customer("c1", {{"name", "Lin"}, {"district", "east"}});
  take("customer.updated", {EntityKind::kCustomer, "c1"}, {{"district", "north"}}, day(30), "crm");
  take("customer.updated", {EntityKind::kCustomer, "c1"}, {{"district", "south"}}, day(20), "branch");  // came late
  take_account("a1", {"c1"});
  const auto district = [&](std::optional<Timestamp> at) {
    const auto profile = customers_->profile(caller(), "c1", at);
    if (!profile) return std::string(name_of(profile.error().code));
    const auto& known = profile->at("values").at("district");
    return std::string(known.at("value").as_string()) + " from " +
           std::string(known.at("from").at("source").as_string()) + ", event " +
           std::to_string(known.at("from").at("seq").as_int64()) + " of " +
           std::string(known.at("from").at("time").as_string().subview(0, 10));
  };
  EXPECT_EQ(district({}), "north from crm, event 2 of 2024-01-31");
  EXPECT_EQ(district(day(25)), "south from branch, event 3 of 2024-01-21");
  EXPECT_EQ(district(day(19)), "east from core, event 1 of 2024-01-01");
  EXPECT_EQ(district(day(-1)), "not_found");
  EXPECT_EQ(customers_->profile(caller(), "c1", day(0))->at("accounts").as_array().size(), 0U);
  EXPECT_EQ(customers_->profile(caller(), "c1", day(1))->at("accounts").as_array().size(), 1U);
  EXPECT_EQ(customers_->account(caller(), "a1", day(0)).error().code, Code::kNotFound);  // not open yet
  EXPECT_TRUE(customers_->account(caller(), "a1", day(1)));
}

AMITY_ON_BOTH_DATABASES(CustomersTest);

}  // namespace
}  // namespace amity::customers
