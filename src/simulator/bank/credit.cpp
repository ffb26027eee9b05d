#include "simulator/bank/credit.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "simulator/bank/money_moves.h"

namespace amity::simulator {
namespace {

constexpr int kUsualHistoryDays = 100;  // before somebody asks for credit
constexpr int kMissedUntilDefault = 3;
constexpr int kPaymentsBetweenReviews = 3;     // the bank writes down how a loan stands
constexpr double kHighestPaymentShare = 0.45;  // of the income: the old bank's only rule
constexpr std::array<int, 5> kMonths = {6, 9, 12, 18, 24};
constexpr std::array<std::string_view, 5> kReasons = {"car", "home_improvement", "education", "debt_consolidation",
                                                      "travel"};

struct Wish {
  int64_t amount_minor = 0;
  int64_t payment_minor = 0;
  int months = 0;
  std::string_view reason;
};

Wish make_wish(Random& random, const Person& person) {
  Wish wish;
  wish.months = kMonths[random.below(kMonths.size())];
  const double share = std::clamp(0.18 + 0.06 * person.stress + 0.08 * random.normal(), 0.05, 0.6);
  wish.payment_minor = static_cast<int64_t>(static_cast<double>(person.income_minor) * share) / 100 * 100;
  wish.amount_minor = wish.payment_minor * wish.months * 10 / 11 / 10'000 * 10'000;  // a tenth is interest
  wish.reason = kReasons[random.below(kReasons.size())];
  return wish;
}

void record_status(Household& home, const Account& account, Timestamp time, std::string_view status) {
  home.diary.write({.key = account.key,
                    .type = "loan.status_recorded",
                    .time = time,
                    .data = {{"loan", account.loan->key}, {"status", status}}});
}

// Paid out two days after the application and mostly spent at once.
void grant(Household& home, Account& account, const Wish& wish, std::string key, Date day) {
  const Timestamp time = local_time(day, 11 * 3600);
  home.diary.write({.key = account.key,
                    .type = "loan.granted",
                    .time = time,
                    .data = {{"loan", key},
                             {"amount", yuan(wish.amount_minor)},
                             {"months", wish.months},
                             {"payment", yuan(wish.payment_minor)}}});
  receive(
      home, account,
      {.time = time + seconds(60), .amount_minor = wish.amount_minor, .category = "loan_payout", .operation = "loan"});
  pay(home, account,
      {.time = time + hours(4),
       .amount_minor = wish.amount_minor / 10 * 9,
       .category = wish.reason,
       .operation = "transfer",
       .counterparty = fmt::format("seller-{}", home.random.below(500))});
  account.loan = Loan{.key = std::move(key),
                      .payment_minor = wish.payment_minor,
                      .months = wish.months,
                      .due_day = 1 + static_cast<int>(home.random.below(28)),
                      .granted = day};
}

void miss_payment(Household& home, Account& account, Timestamp time) {
  Loan& loan = *account.loan;
  ++loan.missed_in_a_row;
  if (loan.missed_in_a_row == 1) record_status(home, account, time, "in_arrears");
  if (loan.missed_in_a_row < kMissedUntilDefault) return;
  record_status(home, account, time, "defaulted");
  account.had_default = true;
  account.loan.reset();
}

void make_payment(Household& home, Account& account, Timestamp time) {
  Loan& loan = *account.loan;
  const int owed = std::min(loan.missed_in_a_row + 1, loan.months - loan.paid);
  const Move payment{
      .time = time, .amount_minor = loan.payment_minor * owed, .category = "loan_payment", .operation = "direct_debit"};
  if (!pay(home, account, payment)) return miss_payment(home, account, time + seconds(60));
  loan.paid += owed;
  const bool was_in_arrears = std::exchange(loan.missed_in_a_row, 0) > 0;
  if (loan.paid == loan.months) {
    record_status(home, account, time + seconds(60), "repaid");
    account.loan.reset();
  } else if (was_in_arrears || loan.paid % kPaymentsBetweenReviews == 0) {
    record_status(home, account, time + seconds(60), "performing");
  }
}

}  // namespace

void borrow(Household& home, const City& city, Person& person, Date day) {
  Account& account = home.accounts[person.account];
  if (account.loan || account.had_default || day >= city.last_day) return;
  const bool is_new = day.days - home.joins.days < kUsualHistoryDays;
  const double a_year = (is_new ? 0.05 : 0.7) * std::clamp(1 + 0.5 * person.stress, 0.4, 2.5);
  if (!home.random.chance(a_year / 365)) return;
  const Wish wish = make_wish(home.random, person);
  if (wish.amount_minor <= 0) return;
  std::string credit = fmt::format("credit-{}-{}", account.key, day.days);  // of the application and of its loan
  home.diary.write({.key = account.key,
                    .type = "credit.application",
                    .time = local_time(day, 10 * 3600 + static_cast<int>(home.random.below(7200))),
                    .data = {{"application", credit},
                             {"amount", yuan(wish.amount_minor)},
                             {"months", wish.months},
                             {"payment", yuan(wish.payment_minor)},
                             {"purpose", wish.reason}}});
  const double share = static_cast<double>(wish.payment_minor) / static_cast<double>(person.income_minor);
  if (share > kHighestPaymentShare || person.is_out_of_work(day)) return;
  grant(home, account, wish, std::move(credit), day);
}

void repay(Household& home, const City& city, Account& account, Date day) {
  if (!account.loan) return;
  const bool is_due = year_month_day(day).day == account.loan->due_day && day.days - account.loan->granted.days >= 15;
  if (is_due) make_payment(home, account, local_time(day, 7 * 3600));
  if (account.loan && day == city.last_day) {
    record_status(home, account, local_time(day, 20 * 3600),
                  account.loan->missed_in_a_row > 0 ? "in_arrears" : "performing");
  }
}

}  // namespace amity::simulator
