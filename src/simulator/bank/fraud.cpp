#include "simulator/bank/fraud.h"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/bank/contact.h"
#include "simulator/bank/money_moves.h"
#include "simulator/bank/spending.h"

namespace amity::simulator {
namespace {

constexpr double kIncidentsAYear = 0.06;

// Some thieves work from few devices, so that a device seen at two victims means something; the others look new.
std::string thieves_device(Random& random, const City& city) {
  if (random.chance(0.5)) return fmt::format("d-y{:09}", random.below(1'000'000'000));
  const auto devices = static_cast<uint64_t>(std::max(3, city.customers / 200));
  return fmt::format("d-x{:05}", random.below(devices));
}

void charge(Household& home, Account& account, Date day, std::string_view pattern, Payment payment) {
  payment.is_fraud = true;
  const std::string id = request(home, account, payment);
  if (!id.empty()) home.diary.tell({.kind = std::string(pattern), .subject = "payment/" + id, .since = day});
}

// Small sums at online merchants within minutes, then a large one.
void test_card(Household& home, const City& city, Account& account, Date day) {
  Random& random = home.random;
  const std::string device = thieves_device(random, city);
  const Merchant& small = choose_merchant(random, city, 10);
  int second = static_cast<int>(random.below(72'000));
  const int tries = 3 + static_cast<int>(random.below(6));
  for (int i = 0; i < tries; ++i) {
    charge(home, account, day, "card_testing",
           {.time = local_time(day, second),
            .amount_minor = 100 + static_cast<int64_t>(random.below(900)),
            .channel = "card_online",
            .category = "online_services",
            .merchant = small.key,
            .device = device});
    second += 20 + static_cast<int>(random.below(120));
  }
  charge(home, account, day, "card_testing",
         {.time = local_time(day, second + 600),
          .amount_minor = account.balance_minor / 3,
          .channel = "card_online",
          .category = "electronics",
          .merchant = choose_merchant(random, city, 8).key,
          .device = device});
}

// Transfers to strangers until little is left: from a new device at night, or led by the hand on the customer's own.
void take_over(Household& home, const City& city, Account& account, Date day) {
  Random& random = home.random;
  const bool is_led = random.chance(0.4);
  const std::string device = is_led ? device_of(home.persons[account.owner]) : thieves_device(random, city);
  int second = (is_led ? 36'000 : 3600) + static_cast<int>(random.below(4 * 3600));
  const int transfers = 2 + static_cast<int>(random.below(3));
  for (int i = 0; i < transfers; ++i) {
    charge(home, account, day, "account_takeover",
           {.time = local_time(day, second),
            .amount_minor = account.balance_minor / 10 * 4,
            .channel = "transfer",
            .category = "friends",
            .counterparty = fmt::format("mule-{}", random.below(200)),
            .device = device});
    second += 120 + static_cast<int>(random.below(900));
  }
}

// The card itself in other hands: shop after shop within hours.
void steal_card(Household& home, const City& city, Account& account, Date day) {
  Random& random = home.random;
  int second = 10 * 3600 + static_cast<int>(random.below(8 * 3600));
  const int purchases = 3 + static_cast<int>(random.below(5));
  for (int i = 0; i < purchases; ++i) {
    const size_t category = kLargePurchases[random.below(kLargePurchases.size())];
    const double amount = static_cast<double>(account.balance_minor) * (0.03 + 0.12 * random.uniform());
    charge(home, account, day, "stolen_card",
           {.time = local_time(day, second),
            .amount_minor = static_cast<int64_t>(amount),
            .channel = "card_present",
            .category = kCategories[category].name,
            .merchant = choose_merchant(random, city, category).key});
    second += 300 + static_cast<int>(random.below(1500));
  }
}

}  // namespace

void suffer_fraud(Household& home, const City& city, Account& account, Date day) {
  Random& random = home.random;
  if (!random.chance(kIncidentsAYear / 365) || account.balance_minor < 50'000) return;
  const double kind = random.uniform();
  if (kind < 0.4) {
    test_card(home, city, account, day);
  } else if (kind < 0.65) {
    take_over(home, city, account, day);
  } else {
    steal_card(home, city, account, day);
  }
  report_fraud(home, home.persons[account.owner], day);
}

}  // namespace amity::simulator
