// Decisions: asking for one, reading it, making all again.
#include <fmt/format.h>

#include "app/commands.h"
#include "base/money.h"

namespace amity::app {
namespace {

using api::Method;

Result<json::object> money(std::string_view amount, std::string_view currency_code) {
  const auto currency = TRY(Currency::parse(currency_code));
  return json::object{{"amount_minor", TRY(parse_amount_minor(amount, currency))}, {"currency", currency.code()}};
}

// The account's own currency, where none is given.
Result<std::string> currency_for(Session& session) {
  if (const auto given = session.line().value("currency"); !given.empty()) return given;
  const auto account = session.line().value("account");
  if (account.empty()) return invalid("give the currency of the amount", "--currency");
  const auto found = TRY(session.call(Method::kGet, "/v1/accounts/" + api::percent_encoded(account)));
  const auto* currency = found.at("values").as_object().if_contains("currency");
  if (currency == nullptr) return invalid("the account has no currency on record: give one", "--currency");
  return std::string(currency->at("value").as_string());
}

Result<json::object> data_of(Session& session, const std::string& id) {
  const auto& line = session.line();
  json::object data;
  if (const auto further = line.value("data"); !further.empty()) {
    const auto value = TRY(parse_json(further));
    if (!value.is_object()) return invalid("an object is expected", "--data");
    data = value.as_object();
  }
  for (const auto* name : {"amount", "payment"}) {
    if (const auto text = line.value(name); !text.empty()) {
      auto read = money(text, TRY(currency_for(session)));
      if (!read) return std::unexpected(std::move(read).error().within(std::string("--") + name));
      data[name] = std::move(*read);
    }
  }
  if (const auto months = TRY(line.number("months", 1, 480, 0)); months > 0) data["months"] = months;
  for (const auto* name : {"product", "side"}) {
    if (const auto text = line.value(name); !text.empty()) data[name] = text;
  }
  if (line.value("type") == "credit.application" && !data.contains("application")) data["application"] = id;
  return data;
}

void print(const Words& words, const json::value& decision) {
  const auto text = [](const json::value& value) { return std::string(value.as_string()); };
  const auto line = [&](std::string_view label, const std::string& what) {
    fmt::print("  {} {}\n", words.column(label, 12), what);
  };
  fmt::print("{}\n", text(decision.at("outcome_text")));
  if (const auto* probability = decision.as_object().if_contains("probability")) {
    line("label.probability", fmt::format("{:.4f} ({})", probability->as_double(), text(decision.at("model"))));
  }
  for (const auto& reason : decision.at("reasons").as_array()) line("label.because", text(reason.at("text")));
  for (const auto& rule : decision.at("rules").as_array()) line("label.rule", text(rule));
  line("label.policy", text(decision.at("policy")));
  line("label.as_of", text(decision.at("time")));
  line("label.record", text(decision.at("id")));
}

}  // namespace

Result<int> decide(Session& session) {
  const auto& line = session.line();
  const auto id = line.value("id", to_base64url(random_bytes(12)));
  const auto account = line.value("account");
  const auto customer = line.value("customer");
  if (account.empty() == customer.empty()) return invalid("say whom it is about: --account or --customer");
  json::object request{{"type", line.value("type")},
                       {"subject", account.empty() ? "customer/" + customer : "account/" + account},
                       {"data", TRY(data_of(session, id))}};
  if (const auto at = line.value("at"); !at.empty()) request["at"] = at;
  const auto decision = TRY(session.call(Method::kPost, "/v1/decisions", request, id));
  if (wants_json(session)) {
    show(line, decision);
  } else {
    print(session.words(), decision);
  }
  return 0;
}

Result<int> show_decision(Session& session) {
  const auto id = session.line().value("decision");
  const auto decision = TRY(session.call(Method::kGet, "/v1/decisions/" + api::percent_encoded(id)));
  if (wants_json(session)) {
    show(session.line(), decision);
  } else {
    print(session.words(), decision);
  }
  return 0;
}

Result<int> replay(Session& session) {
  const auto& line = session.line();
  const auto one = line.value("decision");
  if (one.empty() != line.has("all")) return invalid("say which: --all or --decision ID");
  if (!one.empty()) {
    const auto answer =
        TRY(session.call(Method::kPost, "/v1/decisions/" + api::percent_encoded(one) + "/replay", json::object()));
    if (wants_json(session)) show(line, answer);
    const bool is_equal = answer.at("is_equal").as_bool();
    if (!wants_json(session)) fmt::print("{}\n", session.words().say(is_equal ? "say.same_again" : "say.different"));
    return is_equal ? 0 : 1;
  }
  const auto answer = TRY(session.call(Method::kPost, "/v1/replays", json::object()));
  if (wants_json(session)) {
    show(line, answer);
  } else {
    const auto count = [&](const char* name) { return grouped(answer.at(name).as_int64()); };
    fmt::print("{}\n", session.words().say("say.replayed", {{"decisions", count("decisions")},
                                                            {"events", count("events")},
                                                            {"differences", count("differences")},
                                                            {"erased", count("erased")}}));
    if (answer.at("recorded_values").as_int64() > 0) {
      fmt::print("{}\n", session.words().say("say.recorded_values", {{"values", count("recorded_values")},
                                                                     {"decisions", count("resting_on_record")}}));
    }
  }
  return answer.at("differences").as_int64() == 0 ? 0 : 1;
}

}  // namespace amity::app
