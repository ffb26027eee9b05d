#include "simulator/bank/contact.h"

#include <array>

#include <fmt/format.h>

#include "simulator/bank/spending.h"

namespace amity::simulator {
namespace {

using enum events::EntityKind;

constexpr std::array<std::string_view, 5> kUnits = {"/east/yungang", "/east/nanyu", "/north/beilu", "/west/xitang",
                                                    "/west/hill"};
struct Message {
  std::string_view topic;
  std::string_view zh;
  std::string_view en;
};
constexpr Message kMessages[] = {
    {"fees", "为什么上个月扣了我账户管理费?", "Why was I charged an account fee last month?"},
    {"fees", "这笔手续费不合理,请退还给我。", "This charge is not fair, please refund it."},
    {"card", "我的银行卡在取款机里被吞了,怎么办?", "The machine kept my card. What should I do?"},
    {"transfer", "转账到账要多久?昨天转的还没到。", "How long does a transfer take? Yesterday's has not arrived."},
    {"loan", "我想了解一下装修贷款的利率。", "I would like to know the rate of a home improvement loan."},
    {"investment", "基金亏了不少,我应该赎回吗?", "My fund has lost a lot. Should I sell it?"},
    {"app", "手机银行登录不上去,一直显示错误。", "I cannot sign in to the app, it keeps showing an error."},
    {"praise", "柜台的小姑娘很耐心,谢谢!", "The lady at the counter was very patient, thank you!"},
    {"complaint", "排队等了一个半小时,太让人失望了。", "I waited an hour and a half. Very disappointing."},
    {"address", "我搬家了,怎么修改地址?", "I have moved. How do I change my address?"},
};
constexpr Message kHardship = {"hardship", "我最近失业了,贷款能不能延期还?",
                               "I have lost my job. Can I pay my loan later?"};
constexpr Message kNotMine = {"fraud", "有几笔交易不是我做的,请马上冻结我的卡!",
                              "Some payments are not mine, please block my card at once!"};
constexpr std::array<std::string_view, 4> kChannels = {"chat", "app", "phone", "email"};

void write_to_bank(Household& home, const Person& person, Timestamp time, const Message& message) {
  const auto channel = kChannels[home.random.below(kChannels.size())];
  json::object data{{"channel", channel},
                    {"direction", "in"},
                    {"topic", message.topic},
                    {"text", person.is_english ? message.en : message.zh}};
  if (channel == "chat" || channel == "app") data["device"] = device_of(person);
  home.diary.write(
      {.kind = kCustomer, .key = person.key, .type = "interaction.recorded", .time = time, .data = std::move(data)});
}

void consent(Household& home, const Person& person, Timestamp time, std::string_view purpose) {
  home.diary.write({.kind = kCustomer,
                    .key = person.key,
                    .type = "consent.given",
                    .time = time,
                    .data = {{"purpose", purpose},
                             {"notice_version", "2024-1"},
                             {"language", person.is_english ? "en" : "zh"},
                             {"channel", "branch"}}});
}

void register_person(Household& home, Person& person, Timestamp time, Date day) {
  Random& random = home.random;
  const Identity identity = make_identity(random, person.number, day);
  person.is_english = identity.is_english;
  home.diary.write({.kind = kCustomer,
                    .key = person.key,
                    .type = "customer.registered",
                    .time = time,
                    .data = {{"kind", "person"},
                             {"name", identity.name},
                             {"name_latin", identity.name_latin},
                             {"birth_date", format(identity.birth_date)},
                             {"sex", identity.is_female ? "female" : "male"},
                             {"phone", identity.phone},
                             {"email", identity.email},
                             {"identity_number", identity.identity_number},
                             {"address", identity.address},
                             {"occupation", identity.occupation},
                             {"income", yuan(person.income_minor)},
                             {"language", person.is_english ? "en" : "zh"},
                             {"unit", kUnits[static_cast<size_t>(person.number) % kUnits.size()]}}});
  for (const auto purpose : {"service", "fraud_prevention"}) consent(home, person, time + seconds(30), purpose);
  if (random.chance(0.95)) consent(home, person, time + seconds(30), "credit_decision");
  if (random.chance(0.6)) consent(home, person, time + seconds(30), "model_development");
  if (random.chance(0.5)) consent(home, person, time + seconds(30), "marketing");
}

void issue_card(Household& home, Account& account, Timestamp time) {
  account.card = fmt::format("k{}-{}", account.key.substr(1), ++account.cards_issued);
  home.diary.write(
      {.key = account.key,
       .type = "card.issued",
       .time = time,
       .data = {{"card", account.card}, {"customer", home.persons[account.owner].key}, {"card_type", "debit_card"}}});
}

void order_regularly(Household& home, const Account& account, Timestamp time, std::string_view purpose,
                     int64_t amount) {
  const int number = home.persons[account.owner].number;
  const auto counterparty = fmt::format("{}-{:06}", purpose == "rent" ? "landlord" : purpose, number);
  home.diary.write({.key = account.key,
                    .type = "standing_order.created",
                    .time = time,
                    .data = {{"order", fmt::format("order-{}-{}", account.key, purpose)},
                             {"amount", yuan(amount)},
                             {"purpose", purpose},
                             {"counterparty", counterparty}}});
}

void open_account(Household& home, Account& account, Timestamp time) {
  json::array holders;
  const Person& owner = home.persons[account.owner];
  holders.push_back(json::object{{"customer", owner.key}, {"role", "owner"}});
  if (account.is_joint) {
    holders.push_back(json::object{{"customer", home.persons[1].key}, {"role", "joint_owner"}});
  }
  home.diary.write({.key = account.key,
                    .type = "account.opened",
                    .time = time,
                    .data = {{"type", "deposit"},
                             {"currency", "CNY"},
                             {"holders", std::move(holders)},
                             {"product", "current_account"},
                             {"unit", kUnits[static_cast<size_t>(owner.number) % kUnits.size()]}}});
  issue_card(home, account, time + seconds(300));
  home.diary.write({.key = account.key,
                    .type = "transaction.posted",
                    .time = time + seconds(600),
                    .data = {{"amount", yuan(account.balance_minor)},
                             {"direction", "credit"},
                             {"operation", "cash"},
                             {"category", "opening"},
                             {"balance_after", yuan(account.balance_minor)}}});
  if (account.rent_minor > 0) order_regularly(home, account, time + seconds(900), "rent", account.rent_minor);
  if (account.saving_minor > 0) order_regularly(home, account, time + seconds(900), "savings", account.saving_minor);
}

void assess_risk_profile(Household& home, Person& person, Date day) {
  person.risk_level = 1 + static_cast<int>(home.random.below(5));
  home.diary.write(
      {.kind = kCustomer,
       .key = person.key,
       .type = "risk_profile.assessed",
       .time = local_time(day, 15 * 3600),
       .data = {{"level", fmt::format("C{}", person.risk_level)}, {"valid_until", format(Date{day.days + 365})}}});
}

void update(Household& home, const Person& person, Date day, json::object changed) {
  home.diary.write({.kind = kCustomer,
                    .key = person.key,
                    .type = "customer.updated",
                    .time = local_time(day, 14 * 3600 + static_cast<int>(home.random.below(7200))),
                    .data = std::move(changed)});
}

}  // namespace

void join_bank(Household& home, Date day) {
  const int second = 9 * 3600 + static_cast<int>(home.random.below(6 * 3600));
  for (auto& person : home.persons) register_person(home, person, local_time(day, second), day);
  if (home.persons.size() > 1) {
    home.diary.write({.kind = kCustomer,
                      .key = home.persons[0].key,
                      .type = "relationship.recorded",
                      .time = local_time(day, second + 60),
                      .data = {{"other", home.persons[1].key}, {"relationship", "spouse"}}});
  }
  for (auto& account : home.accounts) open_account(home, account, local_time(day, second + 300));
  for (auto& person : home.persons) {
    home.diary.tell({.kind = "stress", .subject = "customer/" + person.key, .since = day, .strength = person.stress});
    if (home.random.chance(0.2)) assess_risk_profile(home, person, day);
  }
}

void keep_in_touch(Household& home, Person& person, Date day) {
  Random& random = home.random;
  const Timestamp time = local_time(day, 9 * 3600 + static_cast<int>(random.below(12 * 3600)));
  if (random.chance(2.5 / 365)) write_to_bank(home, person, time, kMessages[random.below(std::size(kMessages))]);
  const bool owes = home.accounts[person.account].loan.has_value();
  if (owes && person.is_out_of_work(day) && random.chance(0.02)) write_to_bank(home, person, time, kHardship);
  if (random.chance(0.1 / 365)) update(home, person, day, {{"address", make_address(random)}});
  if (random.chance(0.05 / 365)) update(home, person, day, {{"phone", make_phone(random, person.number)}});
  if (random.chance(0.4 / 365)) ++person.devices;
  if (random.chance(0.05 / 365)) {
    home.diary.write({.kind = kCustomer,
                      .key = person.key,
                      .type = "consent.withdrawn",
                      .time = time,
                      .data = {{"purpose", "marketing"}, {"channel", "app"}}});
  }
}

void report_fraud(Household& home, const Person& person, Date day) {
  const Date later{day.days + 1 + static_cast<int32_t>(home.random.below(2))};
  const Timestamp time = local_time(later, 9 * 3600 + static_cast<int>(home.random.below(3600)));
  write_to_bank(home, person, time, kNotMine);
  issue_card(home, home.accounts[person.account], time + hours(2));
}

}  // namespace amity::simulator
