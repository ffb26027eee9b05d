// For tests: requests that are bad, through the real routes; each must be refused with its place, and neither its
// answer nor the log may repeat what a customer's data said.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "app/engine_fixture.h"
#include "base/check.h"

namespace amity::app {

using api::Method;

inline constexpr std::string_view kCanary = "Canary-Wang-13800138000";

// A registration with everything a person has, each value a canary; tests break one piece of it.
inline std::string good_event(const std::string& id = "e-1") {
  return write_json(json::object{
      {"specversion", "1.0"},
      {"source", "test"},
      {"id", id},
      {"type", "customer.registered"},
      {"subject", "customer/Canary-Wang-13800138000"},
      {"time", "2024-01-01T00:00:00Z"},
      {"data",
       {{"name", kCanary}, {"birth_date", "1970-02-28"}, {"income", {{"amount_minor", 100}, {"currency", "CNY"}}}}}});
}

// The good event with one piece of its text replaced.
inline std::string with(std::string_view from, std::string_view to) {
  std::string text = good_event();
  const size_t at = text.find(from);
  CHECK(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct Bad {
  std::string name;
  std::string body;
  std::string place;  // of the first error: "pointer /data/name", "query at", "place byte 7"
  int status = 400;
};

inline std::string place_in(const api::Response& response) {
  const auto body = parse_json(response.body).value();
  const auto* errors = body.as_object().if_contains("errors");
  if (errors == nullptr) return "";
  for (const auto& [key, value] : errors->at(0).as_object()) {
    if (key != "detail") return std::string(key) + " " + std::string(value.as_string());
  }
  return "";
}

class BadInput : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (!HasFatalFailure()) router_.emplace(router_parts());
  }

  api::Response send(Method method, std::string target, std::string body = {}) {
    api::Request request;
    request.method = method;
    request.target = std::move(target);
    request.caller = local_operator();
    request.headers.push_back({"idempotency-key", "bad-" + std::to_string(++number_)});
    if (!body.empty()) request.headers.push_back({"content-type", "application/json"});
    request.body = std::move(body);
    return router_->handle(std::move(request));
  }

  void expect_refused(const Bad& bad, Method method, const std::string& target) {
    testing::internal::CaptureStderr();
    const auto response = send(method, target, bad.body);
    const auto logged = testing::internal::GetCapturedStderr();
    EXPECT_EQ(response.status, bad.status) << bad.name << ": " << response.body;
    if (response.status < 400) return;
    const auto place = place_in(response);
    EXPECT_TRUE(place.starts_with(bad.place)) << bad.name << ": " << response.body;
    const auto detail = std::string(parse_json(response.body)->at("detail").as_string());
    EXPECT_FALSE(detail.empty()) << bad.name;
    for (const auto canary : {std::string_view("Canary"), std::string_view("13800138000")}) {
      EXPECT_EQ(response.body.find(canary), std::string::npos) << bad.name << ": " << response.body;
      EXPECT_EQ(logged.find(canary), std::string::npos) << bad.name << ": " << logged;
    }
  }
  void expect_events_refused(const std::vector<Bad>& list) {
    for (const auto& bad : list) expect_refused(bad, Method::kPost, "/v1/events");
    EXPECT_EQ(engine_->event_count().value(), 0);
    EXPECT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);  // the good one, as if nothing had been
    EXPECT_EQ(engine_->event_count().value(), 1);
  }

  std::optional<api::Router> router_;
  int number_ = 0;
};

}  // namespace amity::app
