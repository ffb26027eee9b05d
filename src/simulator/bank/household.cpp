#include "simulator/bank/household.h"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/bank/contact.h"
#include "simulator/bank/credit.h"
#include "simulator/bank/fraud.h"
#include "simulator/bank/money_moves.h"
#include "simulator/bank/spending.h"

namespace amity::simulator {
namespace {

Person make_person(Random& random, const City& city, int number, size_t account) {
  Person person;
  person.number = number;
  person.key = fmt::format("c{:06}", number);
  person.account = account;
  person.stress = random.normal();
  person.income_minor = static_cast<int64_t>(700'000 * skewed(random, 0.5)) / 10'000 * 10'000;
  person.payday = std::array{5, 10, 15, 25}[random.below(4)];
  person.wants = city.payments_a_day * std::clamp(skewed(random, 0.5), 0.2, 5.0);
  return person;
}

// Whoever is under stress keeps less on the account and saves nothing regularly.
Account make_account(Random& random, const Person& owner, size_t owner_index, int number_of_account) {
  Account account;
  account.key = fmt::format("a{:06}-{}", owner.number, number_of_account);
  account.owner = owner_index;
  const auto income = static_cast<double>(owner.income_minor);
  const double months_kept = std::clamp(1.2 - 0.4 * owner.stress, 0.2, 3.0) * skewed(random, 0.4);
  account.balance_minor = static_cast<int64_t>(income * months_kept) / 100 * 100;
  if (random.chance(0.4)) account.rent_minor = static_cast<int64_t>(income * 0.25) / 10'000 * 10'000;
  if (owner.stress < 0.5) account.saving_minor = static_cast<int64_t>(income * 0.1) / 10'000 * 10'000;
  return account;
}

// The car, the roof, the family: whatever can be paid of it is paid.
void face_a_bill(Household& home, Person& person, Date day) {
  Account& account = home.accounts[person.account];
  const double share = 0.4 + 1.4 * home.random.uniform();
  const auto asked = static_cast<int64_t>(static_cast<double>(person.income_minor) * share) / 100 * 100;
  const int64_t paid = std::min(asked, account.balance_minor);
  if (paid <= 0) return;
  pay(home, account,
      {.time = local_time(day, 12 * 3600), .amount_minor = paid, .category = "repairs", .operation = "transfer"});
  home.diary.tell({.kind = "unforeseen_bill", .subject = "customer/" + person.key, .since = day});
}

// What only the truth file says: losing work, falling ill, a bill nobody could foresee.
void strike(Household& home, Person& person, Date day) {
  Random& random = home.random;
  if (random.chance(0.4 / 365)) face_a_bill(home, person, day);
  const double a_year = 0.12 * std::clamp(1 + 0.4 * person.stress, 0.4, 2.5);
  if (day >= person.out_of_work_until && random.chance(a_year / 365)) {
    person.out_of_work_from = day;
    person.out_of_work_until = {day.days + 90 + static_cast<int32_t>(random.below(180))};
    home.diary.tell({.kind = "income_loss", .subject = "customer/" + person.key, .since = day});
  }
  if (day >= person.ill_until && random.chance(0.04 / 365)) {
    person.ill_until = {day.days + 20 + static_cast<int32_t>(random.below(40))};
    home.diary.tell({.kind = "illness", .subject = "customer/" + person.key, .since = day});
  }
}

}  // namespace

Household make_household(Random random, const City& city, std::string_view source, int first_number, int persons) {
  Household home(random, Diary(std::string(source), fmt::format("h{:06}", first_number)));
  Random& dice = home.random;
  const int span = city.last_day.days - city.first_day.days + 1;
  const bool joins_late = dice.chance(0.35);
  home.joins = {city.first_day.days +
                static_cast<int32_t>(dice.below(static_cast<uint64_t>(joins_late ? span : std::min(span, 10))))};
  const bool is_joint = persons == 2 && dice.chance(0.5);
  for (int i = 0; i < persons; ++i) {
    home.persons.push_back(make_person(dice, city, first_number + i, is_joint ? 0 : static_cast<size_t>(i)));
  }
  for (size_t i = 0; i < (is_joint ? 1 : home.persons.size()); ++i) {
    home.accounts.push_back(make_account(dice, home.persons[i], i, 1));
    home.accounts.back().is_joint = is_joint;
  }
  return home;
}

void live(Household& home, const City& city, Date day) {
  if (day < home.joins) return;
  home.diary.turn_to(day);
  if (day == home.joins) return join_bank(home, day);
  for (auto& person : home.persons) {
    strike(home, person, day);
    earn_and_owe(home, person, day);
    spend(home, city, person, day);
    invest(home, person, day);
    borrow(home, city, person, day);
    keep_in_touch(home, person, day);
  }
  for (auto& account : home.accounts) {
    repay(home, city, account, day);
    suffer_fraud(home, city, account, day);
  }
}

}  // namespace amity::simulator
