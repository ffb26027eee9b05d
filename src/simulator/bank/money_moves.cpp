#include "simulator/bank/money_moves.h"

namespace amity::simulator {
namespace {

constexpr double kFraudNeverReported = 0.1;
constexpr double kClaimedThoughTheirOwn = 0.001;  // forgotten, a member of the family's, or a lie

void post(Household& home, Account& account, const Move& move, std::string_view direction) {
  json::object data{{"amount", yuan(move.amount_minor)},
                    {"direction", direction},
                    {"operation", move.operation},
                    {"category", move.category},
                    {"balance_after", yuan(account.balance_minor)}};
  if (!move.counterparty.empty()) data["counterparty"] = move.counterparty;
  home.diary.write({.key = account.key, .type = "transaction.posted", .time = move.time, .data = std::move(data)});
}

// How the payment is made and with whom: the same in the request and in the posting.
void add_parties(json::object& data, const Account& account, const Payment& payment) {
  const bool by_card = payment.channel.starts_with("card");
  data["amount"] = yuan(payment.amount_minor);
  data["channel"] = payment.channel;
  data["country"] = payment.country;
  data["category"] = payment.category;
  if (by_card) data["card"] = account.card;
  if (!payment.merchant.empty()) data["merchant"] = payment.merchant;
  if (!payment.counterparty.empty()) data["counterparty"] = payment.counterparty;
  if (!payment.device.empty()) data["device"] = payment.device;
}

// The bank learns within a week or two what a payment was: by a claim of the customer's, else by none. Claims are not
// always right: what they say is a label, the truth is told apart.
void label_later(Household& home, const Account& account, const Payment& payment, const std::string& id) {
  const bool is_known = home.random.chance(payment.is_fraud ? 1 - kFraudNeverReported : kClaimedThoughTheirOwn);
  const int64_t days_later = 5 + static_cast<int64_t>(home.random.below(5));
  const int64_t seconds_later = static_cast<int64_t>(home.random.below(3600));
  const Timestamp time = payment.time + days(days_later) + seconds(seconds_later);
  json::object data{{"payment", id}, {"fraud", is_known}, {"labelled_by", is_known ? "claim" : "no_claim"}};
  if (!payment.merchant.empty()) data["merchant"] = payment.merchant;
  home.diary.write({.key = account.key, .type = "payment.labelled", .time = time, .data = std::move(data)});
}

}  // namespace

void receive(Household& home, Account& account, const Move& move) {
  account.balance_minor += move.amount_minor;
  post(home, account, move, "credit");
}

bool pay(Household& home, Account& account, const Move& move) {
  if (account.balance_minor < move.amount_minor) return false;
  account.balance_minor -= move.amount_minor;
  post(home, account, move, "debit");
  return true;
}

std::string request(Household& home, Account& account, const Payment& payment) {
  if (account.balance_minor < payment.amount_minor) return {};
  json::object asked;
  add_parties(asked, account, payment);
  std::string id = home.diary.write(
      {.key = account.key, .type = "payment.requested", .time = payment.time, .data = std::move(asked)});
  account.balance_minor -= payment.amount_minor;
  json::object posted{{"direction", "debit"},
                      {"operation", payment.channel.starts_with("card") ? "card" : "transfer"},
                      {"balance_after", yuan(account.balance_minor)},
                      {"payment", id}};
  add_parties(posted, account, payment);
  const Timestamp time = payment.time + seconds(2 + static_cast<int64_t>(home.random.below(8)));
  home.diary.write({.key = account.key, .type = "transaction.posted", .time = time, .data = std::move(posted)});
  label_later(home, account, payment, id);
  return id;
}

}  // namespace amity::simulator
