// The made-up bank of the load programs: the same events for the same seed and count. Accounts are drawn evenly, the
// worst case for every cache; 80 % transactions, 20 % payments that ask for a decision.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace amity::bench {

inline std::string event(std::string_view id, std::string_view type, std::string_view subject, Timestamp time,
                         std::string_view data) {
  return fmt::format(
      R"({{"specversion":"1.0","id":"{}","source":"load","type":"{}","subject":"{}","time":"{}","data":{{{}}}}})", id,
      type, subject, format(time), data);
}

inline std::string customer_event(int n, Timestamp time) {
  return event(
      fmt::format("c{}", n), "customer.registered", fmt::format("customer/l{:07}", n), time,
      fmt::format(R"("kind":"person","name":"Load Person {}","phone":"+86 120{:08}","email":"l{}@example.com",)"
                  R"("birth_date":"19{:02}-0{}-1{}","language":"zh","unit":"/east","segment":"retail")",
                  n, n, n, 50 + n % 50, 1 + n % 9, n % 10));
}

inline std::string account_event(int n, Timestamp time) {
  return event(fmt::format("a{}", n), "account.opened", fmt::format("account/l{:07}", n), time,
               fmt::format(R"("type":"deposit","currency":"CNY","product":"current","unit":"/east",)"
                           R"("holders":[{{"customer":"l{:07}","role":"owner"}}])",
                           n));
}

inline std::string money(uint64_t minor) { return fmt::format(R"({{"amount_minor":{},"currency":"CNY"}})", minor); }

inline std::string transaction_data(std::mt19937_64& random, int account) {
  const bool is_credit = random() % 5 == 0;
  auto data = fmt::format(R"("amount":{},"direction":"{}","category":"{}","channel":"card","balance_after":{})",
                          money(100 + random() % 500'000), is_credit ? "credit" : "debit",
                          is_credit ? "salary" : "groceries", money(random() % 5'000'000));
  if (!is_credit) {
    data += fmt::format(R"(,"merchant":"m{}","card":"l{:07}","country":"CN")", random() % 2000, account);
  }
  return data;
}

inline std::string payment_data(std::mt19937_64& random, int account) {
  return fmt::format(R"("amount":{},"channel":"card_online","country":"CN","merchant":"m{}","card":"l{:07}",)"
                     R"("device":"d{}","counterparty":"p{}")",
                     money(100 + random() % 500'000), random() % 2000, account, account, random() % 5000);
}

// One event of the stream on one of `customers` accounts.
inline std::string stream_event(std::mt19937_64& random, int customers, double payment_share, std::string_view id,
                                Timestamp time) {
  const int account = static_cast<int>(random() % static_cast<uint64_t>(customers));
  const bool is_payment = static_cast<double>(random() % 10'000) < payment_share * 10'000;
  return event(id, is_payment ? "payment.requested" : "transaction.posted", fmt::format("account/l{:07}", account),
               time, is_payment ? payment_data(random, account) : transaction_data(random, account));
}

inline std::string list_of(const std::vector<std::string>& events) {
  return fmt::format("[{}]", fmt::join(events, ","));
}

}  // namespace amity::bench
