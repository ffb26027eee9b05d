// Money in and out of an account, with the balance it leaves.
#pragma once

#include "simulator/bank/household.h"

namespace amity::simulator {

struct Move {
  Timestamp time;
  int64_t amount_minor = 0;  // positive
  std::string_view category;
  std::string_view operation;
  std::string counterparty = {};
};
void receive(Household& home, Account& account, const Move& move);
// False, and nothing happens, where the balance does not reach.
bool pay(Household& home, Account& account, const Move& move);

// A payment as it is asked for; posted a few seconds later and labelled about a week later.
struct Payment {
  Timestamp time;
  int64_t amount_minor = 0;
  std::string_view channel;  // of payment.requested
  std::string_view category;
  std::string_view country = "CN";
  std::string merchant = {};
  std::string counterparty = {};
  std::string device = {};
  bool is_fraud = false;
};
// The id of payment.requested; empty, and nothing happens, where the balance does not reach.
std::string request(Household& home, Account& account, const Payment& payment);

}  // namespace amity::simulator
