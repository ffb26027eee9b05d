// Clients that post batches of a small bank's life, note what was acknowledged, and ask again afterwards.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "tests/fault/server_process.h"

namespace amity::fault {

struct Batch {
  std::string body;
  int event_count = 0;
  int payment_count = 0;  // each is decided
  int status = 0;         // of the first answer; 0: none came
  std::string answer;
};

// The events of one client: two customers and their accounts, then postings and payments, eight a batch.
class Client {
 public:
  Client(int number, int first_batch = 0) : number_(number), next_batch_(first_batch) {}

  Batch next() {
    Batch batch;
    json::array events;
    const int n = next_batch_++;
    if (n == 0) {
      for (int i = 0; i < 2; ++i) events.push_back(customer(i));
      for (int i = 0; i < 2; ++i) events.push_back(account(i));
    }
    for (int i = 0; n > 0 && i < 8; ++i) {
      const bool is_payment = i % 4 == 3;
      batch.payment_count += is_payment;
      events.push_back(movement(n, i, is_payment));
    }
    batch.event_count = static_cast<int>(events.size());
    batch.body = write_json(events);
    return batch;
  }

 private:
  json::object event(std::string_view id, std::string_view type, std::string subject, int minute,
                     json::object data) const {
    return {
        {"specversion", "1.0"},
        {"source", fmt::format("fault/{}", number_)},
        {"id", id},
        {"type", type},
        {"subject", std::move(subject)},
        {"time", fmt::format("2026-01-{:02}T{:02}:{:02}:00Z", 1 + minute / 1440 % 28, minute / 60 % 24, minute % 60)},
        {"data", std::move(data)}};
  }
  std::string reference(int i) const { return fmt::format("{}-{}", number_, i); }
  json::object customer(int i) const {
    return event(
        fmt::format("customer-{}", i), "customer.registered", "customer/" + reference(i), 0,
        {{"name", fmt::format("Client {} {}", number_, i)}, {"phone", fmt::format("+8613800{:03}{:03}", number_, i)}});
  }
  json::object account(int i) const {
    return event(fmt::format("account-{}", i), "account.opened", "account/" + reference(i), 1,
                 {{"type", "deposit"},
                  {"currency", "CNY"},
                  {"holders", json::array{{{"customer", reference(i)}, {"role", "owner"}}}}});
  }
  json::object movement(int batch, int i, bool is_payment) const {
    json::object data{{"amount", {{"amount_minor", 100 + batch * 7 + i}, {"currency", "CNY"}}},
                      {"merchant", fmt::format("M{}", batch % 5)}};
    if (is_payment) {
      data["channel"] = "transfer";
    } else {
      data["direction"] = i % 2 == 0 ? "credit" : "debit";
    }
    return event(fmt::format("{}-{}", batch, i), is_payment ? "payment.requested" : "transaction.posted",
                 "account/" + reference(i % 2), 2 + batch * 8 + i, std::move(data));
  }

  int number_;
  int next_batch_;
};

inline void post(const Server& server, Batch& batch) {
  const auto answer = server.post("/v1/events", batch.body);
  if (!answer) return;
  batch.status = answer->status;
  batch.answer = answer->body;
}

struct Traffic {
  std::vector<Batch> batches;  // all that were sent, in each client's order
  std::map<int, int> statuses;

  int64_t acknowledged() const {
    int64_t count = 0;
    for (const auto& batch : batches) count += batch.status == 200 ? batch.event_count : 0;
    return count;
  }
};

// `client_count` clients post one batch after the other: until an answer is missing or refused, or `batch_count` each.
inline Traffic post_until_refused(const Server& server, int client_count, int batch_count, int first_client = 1) {
  Traffic traffic;
  std::mutex mutex;
  std::vector<std::thread> clients;
  for (int number = first_client; number < first_client + client_count; ++number) {
    clients.emplace_back([&, number] {
      Client client(number);
      for (int n = 0; n < batch_count; ++n) {
        Batch batch = client.next();
        post(server, batch);
        const bool goes_on = batch.status == 200;
        const std::lock_guard lock(mutex);
        ++traffic.statuses[batch.status];
        traffic.batches.push_back(std::move(batch));
        if (!goes_on) return;
      }
    });
  }
  for (auto& client : clients) client.join();
  return traffic;
}

inline int64_t number_in(const Result<api::Response>& response, std::string_view field) {
  const auto answer = api::json_answer(response);
  if (!answer) return -1;
  const auto* value = answer->as_object().if_contains(field);
  return value != nullptr && value->is_int64() ? value->as_int64() : -1;
}

// Everything that was sent is sent again. What is wrong afterwards, in words; nothing: all is well.
inline std::vector<std::string> defects_after(const Server& server, const Traffic& traffic) {
  std::vector<std::string> defects;
  std::set<int64_t> seqs;
  int64_t events = 0;
  int64_t payments = 0;
  for (const auto& batch : traffic.batches) {
    Batch again = batch;
    again.status = 0;
    post(server, again);
    events += batch.event_count;
    payments += batch.payment_count;
    if (again.status != 200) {
      defects.push_back(fmt::format("a batch sent again is refused with {}: {}", again.status, again.answer));
      continue;
    }
    if (batch.status == 200 && again.answer != batch.answer) {
      defects.push_back("acknowledged and now answered differently: " + batch.answer + " then " + again.answer);
    }
    const auto results = parse_json(again.answer);
    for (const auto& result : results->at("results").as_array()) {
      const auto* seq = result.as_object().if_contains("seq");
      if (seq == nullptr) defects.push_back("an event is refused: " + write_json(result));
      if (seq != nullptr && !seqs.insert(seq->as_int64()).second) defects.push_back("two events have one seq");
    }
  }
  const auto replay = server.post("/v1/replays", "{}");
  if (number_in(replay, "events") != events || number_in(replay, "decisions") != payments ||
      number_in(replay, "differences") != 0) {
    defects.push_back(fmt::format("of {} events and {} payments the replay says {}", events, payments,
                                  replay ? replay->body : "nothing"));
  }
  const auto audit = api::json_answer(server.get("/v1/audit/verification"));
  if (!audit || !audit->at("is_intact").as_bool()) {
    defects.push_back("the audit chain: " + (audit ? write_json(*audit) : audit.error().text()));
  }
  return defects;
}

}  // namespace amity::fault
