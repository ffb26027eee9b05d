#include "simulator/bank/spending.h"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/bank/money_moves.h"

namespace amity::simulator {
namespace {

constexpr std::array<double, 7> kWeekdayActivity = {0.9, 0.85, 0.9, 0.95, 1.15, 1.35, 1.2};  // Monday first
constexpr std::array<std::string_view, 5> kFunds = {"money_market_fund", "bond_fund", "balanced_fund", "equity_fund",
                                                    "commodity_futures_fund"};
constexpr double kPaysFromAnothersDevice = 0.06;
constexpr std::array<std::string_view, 4> kForeignCountries = {"JP", "TH", "FR", "US"};

bool is_weekend(Date day) { return weekday(day) >= 6; }

// A payday on a weekend is paid on the Friday before.
Date payday_in_month_of(Date day, int payday) {
  const auto [year, month, ignored] = year_month_day(day);
  Date date = *make_date(year, month, payday);
  while (is_weekend(date)) --date.days;
  return date;
}

int second_between(Random& random, int from_hour, int to_hour) {
  return from_hour * 3600 + static_cast<int>(random.below(static_cast<uint64_t>(to_hour - from_hour) * 3600));
}

size_t choose_category(Random& random, Date day) {
  const auto weight = [&](const Category& c) { return is_weekend(day) ? c.on_weekends : c.on_weekdays; };
  double total = 0;
  for (const auto& category : kCategories) total += weight(category);
  double at = random.uniform() * total;
  for (size_t i = 0; i < kCategories.size(); ++i) {
    at -= weight(kCategories[i]);
    if (at < 0) return i;
  }
  return 0;
}

// How many payments today: four chances to go shopping, so that days differ and the mean is what the person wants.
int payments_today(Random& random, const Person& person, Date day) {
  const double each = person.wants * kWeekdayActivity[static_cast<size_t>(weekday(day) - 1)] / 4;
  int count = 0;
  for (int i = 0; i < 4; ++i) count += random.chance(each) ? 1 : 0;
  return count;
}

// The part of the income that goes into daily payments. Those under stress spend more than they should; whoever has
// lost their work spends less, though not as little as they earn.
double share_spent(const Person& person, Date day) {
  double share = std::clamp(0.42 + 0.09 * person.stress, 0.15, 0.9);
  if (person.is_out_of_work(day)) share *= 0.75;
  if (day < person.ill_until) share *= 1.6;
  return share;
}

void buy(Household& home, const City& city, Person& person, Date day) {
  Random& random = home.random;
  const bool is_ill = day < person.ill_until;
  const bool is_abroad = day < person.abroad_until;
  const size_t kHealth = 5;
  const size_t category = is_ill && random.chance(0.4) ? kHealth : choose_category(random, day);
  const Merchant& merchant = choose_merchant(random, city, category);
  const double mean_minor = static_cast<double>(person.income_minor) * share_spent(person, day) / (30.4 * person.wants);
  const double amount = mean_minor * kCategories[category].size * skewed(random, 0.7);
  const bool at_night = merchant.is_online && random.chance(std::clamp(0.01 + 0.02 * person.stress, 0.002, 0.08));
  const Category& kind = kCategories[category];
  const int second =
      at_night ? second_between(random, 0, 5) : second_between(random, kind.opens_hour, kind.closes_hour);
  request(
      home, home.accounts[person.account],
      {.time = local_time(day, second),
       .amount_minor = std::max<int64_t>(100, static_cast<int64_t>(amount)),
       .channel = merchant.is_online ? "card_online" : "card_present",
       .category = kind.name,
       .country = is_abroad && !merchant.is_online ? kForeignCountries[static_cast<size_t>(person.number) % 4] : "CN",
       .merchant = merchant.key,
       .device = merchant.is_online ? device_for_payment(random, person) : ""});
}

// An afternoon in the shops: several large payments within hours that are nobody's but the customer's.
void go_shopping(Household& home, const City& city, Person& person, Date day) {
  Random& random = home.random;
  int second = second_between(random, 10, 16);
  const int purchases = 2 + static_cast<int>(random.below(4));
  for (int i = 0; i < purchases; ++i) {
    const size_t category = kLargePurchases[random.below(kLargePurchases.size())];
    const double amount = static_cast<double>(person.income_minor) * 0.04 * skewed(random, 0.8);
    request(home, home.accounts[person.account],
            {.time = local_time(day, second),
             .amount_minor = std::max<int64_t>(1000, static_cast<int64_t>(amount)),
             .channel = "card_present",
             .category = kCategories[category].name,
             .merchant = choose_merchant(random, city, category).key});
    second += 600 + static_cast<int>(random.below(3600));
  }
}

void send_to_a_friend(Household& home, Person& person, Date day) {
  Random& random = home.random;
  const double amount = static_cast<double>(person.income_minor) * 0.05 * skewed(random, 0.9);
  request(home, home.accounts[person.account],
          {.time = local_time(day, second_between(random, 9, 23)),
           .amount_minor = std::max<int64_t>(1000, static_cast<int64_t>(amount) / 1000 * 1000),
           .channel = "transfer",
           .category = "friends",
           .counterparty = fmt::format("friend-{:06}-{}", person.number, random.below(4)),
           .device = device_for_payment(random, person)});
}

// Cash from a machine: in hundreds, more often by those under stress.
void draw_cash(Household& home, Person& person, Date day) {
  Random& random = home.random;
  pay(home, home.accounts[person.account],
      {.time = local_time(day, second_between(random, 8, 22)),
       .amount_minor = static_cast<int64_t>(2 + random.below(18)) * 10'000,
       .category = "cash",
       .operation = "withdrawal"});
}

void receive_salary(Household& home, const Person& person, Date day) {
  const double part = person.is_out_of_work(day) ? 0.2 : 1.0;  // unemployment benefit
  receive(home, home.accounts[person.account],
          {.time = local_time(day, 9 * 3600 + static_cast<int>(home.random.below(3600))),
           .amount_minor = static_cast<int64_t>(static_cast<double>(person.income_minor) * part),
           .category = part < 1 ? "benefit" : "salary",
           .operation = "transfer",
           .counterparty = part < 1 ? "employment-office" : fmt::format("employer-{}", person.number % 97)});
}

}  // namespace

std::vector<std::vector<Merchant>> make_merchants(Random random, int customers) {
  std::vector<std::vector<Merchant>> merchants(kCategories.size());
  const int per_category = std::clamp(customers / 100, 8, 400);
  for (size_t category = 0; category < kCategories.size(); ++category) {
    for (int i = 0; i < per_category; ++i) {
      merchants[category].push_back({.key = fmt::format("m-{}-{}", kCategories[category].name, i + 1),
                                     .category = static_cast<int>(category),
                                     .is_online = random.chance(kCategories[category].online)});
    }
  }
  return merchants;
}

const Merchant& choose_merchant(Random& random, const City& city, size_t category) {
  const auto& merchants = city.merchants_by_category[category];
  const double squared = random.uniform() * random.uniform();  // a few merchants see most of the customers
  return merchants[static_cast<size_t>(squared * static_cast<double>(merchants.size()))];
}

std::string device_for_payment(Random& random, const Person& person) {
  if (!random.chance(kPaysFromAnothersDevice)) return device_of(person);
  return fmt::format("d{:06}-g{}", person.number, random.below(1000));
}

std::string device_of(const Person& person) { return fmt::format("d{:06}-{}", person.number, person.devices); }

void earn_and_owe(Household& home, Person& person, Date day) {
  Account& account = home.accounts[person.account];
  if (day == payday_in_month_of(day, person.payday)) receive_salary(home, person, day);
  if (&home.persons[account.owner] != &person) return;
  const int day_of_month = year_month_day(day).day;
  if (day_of_month == 1 && account.rent_minor > 0) {
    pay(home, account,
        {.time = local_time(day, 8 * 3600),
         .amount_minor = account.rent_minor,
         .category = "rent",
         .operation = "standing_order",
         .counterparty = fmt::format("landlord-{:06}", person.number)});
  }
  if (day_of_month == 5) {
    const double amount = 30'000 * skewed(home.random, 0.4);
    pay(home, account,
        {.time = local_time(day, 10 * 3600),
         .amount_minor = static_cast<int64_t>(amount),
         .category = "utilities",
         .operation = "direct_debit",
         .counterparty = "city-utilities"});
  }
  if (day_of_month == 20 && account.saving_minor > 0 && account.balance_minor > person.income_minor) {
    const int64_t saved = account.saving_minor + (account.balance_minor - person.income_minor) / 3;
    pay(home, account,
        {.time = local_time(day, 8 * 3600),
         .amount_minor = saved,
         .category = "savings",
         .operation = "standing_order",
         .counterparty = fmt::format("savings-{:06}", person.number)});
  }
}

void spend(Household& home, const City& city, Person& person, Date day) {
  Random& random = home.random;
  if (day >= person.abroad_until && random.chance(1.2 / 365)) {
    person.abroad_until = {day.days + 3 + static_cast<int32_t>(random.below(8))};
  }
  const int payments = payments_today(random, person, day);
  for (int i = 0; i < payments; ++i) buy(home, city, person, day);
  if (random.chance(city.payments_a_day / 50)) go_shopping(home, city, person, day);
  if (random.chance(std::min(0.5, city.payments_a_day / 15))) send_to_a_friend(home, person, day);
  if (random.chance(std::clamp(0.028 + 0.014 * person.stress, 0.006, 0.08))) draw_cash(home, person, day);
}

void invest(Household& home, Person& person, Date day) {
  Random& random = home.random;
  if (person.risk_level == 0 || !random.chance(0.02)) return;
  Account& account = home.accounts[person.account];
  if (account.balance_minor < person.income_minor) return;
  const bool is_unsuitable = random.chance(0.05);
  const auto level = is_unsuitable ? std::min<uint64_t>(4, static_cast<uint64_t>(person.risk_level))
                                   : random.below(static_cast<uint64_t>(person.risk_level));
  const int64_t amount = account.balance_minor / 4 / 10'000 * 10'000;
  if (amount <= 0) return;
  const Timestamp time = local_time(day, second_between(random, 10, 15));
  home.diary.write({.key = account.key,
                    .type = "investment.order",
                    .time = time,
                    .data = {{"product", kFunds[level]}, {"side", "buy"}, {"amount", yuan(amount)}}});
  pay(home, account,
      {.time = time + seconds(60), .amount_minor = amount, .category = "investment", .operation = "transfer"});
}

}  // namespace amity::simulator
