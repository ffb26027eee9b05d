// Bad input through the real routes: each is refused with its place, nothing is lost or taken, and no answer and no
// line of the log repeats what a customer's data said.
#include "app/engine_fixture.h"
#include "base/check.h"
#include "base/log.h"
#include "events/decode.h"

namespace amity::app {
namespace {

using api::Method;

constexpr std::string_view kCanary = "Canary-Wang-13800138000";

// A registration with everything a person has, each value a canary; tests break one piece of it.
std::string good_event(const std::string& id = "e-1") {
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
std::string with(std::string_view from, std::string_view to) {
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

std::string place_in(const api::Response& response) {
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
  BadInput() : router_(router_parts()) {}

  api::Response send(Method method, std::string target, std::string body = {}) {
    api::Request request;
    request.method = method;
    request.target = std::move(target);
    request.caller = local_operator();
    request.headers.push_back({"idempotency-key", "bad-" + std::to_string(++number_)});
    if (!body.empty()) request.headers.push_back({"content-type", "application/json"});
    request.body = std::move(body);
    return router_.handle(std::move(request));
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

  api::Router router_;
  int number_ = 0;
};

TEST_F(BadInput, malformed_json_names_the_byte) {
  const auto good = good_event();
  std::string longest = "1";
  longest.resize(5000, '0');
  expect_events_refused({
      {"cut off", good.substr(0, good.size() - 9), "place byte " + std::to_string(good.size() - 9)},
      {"something behind", good + " x", "place byte"},
      {"two documents", good + good, "place byte"},
      {"byte order mark", "\xef\xbb\xbf" + good, "place byte 0"},
      {"utf-16", std::string("{\0\"\0", 4), "place byte 1"},
      {"too deep", std::string(1000, '[') + "\"Canary\"", "place byte"},
      {"too deep within", with("\"1970-02-28\"", std::string(200, '[') + std::string(200, ']')), "place byte"},
      {"a key twice", with("{\"birth_date\"", "{\"name\":1,\"birth_date\""), "place byte"},
      {"a key twice, once escaped", with("{\"birth_date\"", "{\"n\\u0061me\":1,\"birth_date\""), "place byte"},
      {"a comma too many", with("\"specversion\":\"1.0\"", "\"specversion\":\"1.0\","), "place byte"},
      {"NaN", with(":100,", ":NaN,"), "place byte"},
      {"Infinity", with(":100,", ":Infinity,"), "place byte"},
      {"beyond a double", with(":100,", ":1e400,"), "place byte"},
      {"five thousand digits", with(":100,", ":" + longest + ","), "place byte"},
      {"hexadecimal", with(":100,", ":0x64,"), "place byte"},
      {"a leading nought", with(":100,", ":0100,"), "place byte"},
      {"a comment", with(":100,", ":100/*Canary*/,"), "place byte"},
  });
}

TEST_F(BadInput, wrong_encodings_are_refused) {
  const auto name = [](std::string_view bytes) {
    return with(std::string(kCanary) + "\"},\"id\"", "Canary" + std::string(bytes) + "\"},\"id\"");
  };
  expect_events_refused({
      {"no utf-8", name("\xff"), "place byte"},
      {"gbk", name("\xcd\xf5"), "place byte"},
      {"overlong", name("\xc0\xaf"), "place byte"},
      {"a surrogate in utf-8", name("\xed\xa0\x80"), "place byte"},
      {"beyond the last character", name("\xf4\x90\x80\x80"), "place byte"},
      {"cut in a character", name("\xe5\xbc"), "place byte"},
      {"a high surrogate alone", name("\\ud800"), "place byte"},
      {"a low surrogate alone", name("\\udc00"), "place byte"},
      {"two high surrogates", name("\\ud800\\ud800"), "place byte"},
      {"NUL written out", name("\\u0000"), "pointer /data/name"},
      {"NUL as a byte", name(std::string_view("\0", 1)), "place byte"},
      {"escape", name("\\u001b[31m"), "pointer /data/name"},
      {"a control character of latin-1", name("\\u0085"), "pointer /data/name"},
  });
}

TEST_F(BadInput, wrong_types_and_unknown_fields_name_their_field) {
  const std::string name = '"' + std::string(kCanary) + "\"},\"id\"";
  expect_events_refused({
      {"text for an object", "\"Canary\"", ""},
      {"number for text", with(name, "5},\"id\""), "pointer /data/name"},
      {"list for text", with(name, "[\"Canary\"]},\"id\""), "pointer /data/name"},
      {"null for text", with(name, "null},\"id\""), "pointer /data/name"},
      {"nothing for text", with(name, "\"\"},\"id\""), "pointer /data/name"},
      {"unknown field", with("\"birth_date\"", "\"colour\""), "pointer /data"},
      {"unknown attribute", with("\"source\"", "\"sauce\""), "pointer /source"},
      {"unknown type", with("customer.registered", "customer.vanished"), "pointer /type"},
      {"a type of our own", with("customer.registered", "customer.erased"), "pointer /type"},
      {"a subject of another kind", with("customer/Can", "account/Can"), "pointer /subject"},
      {"a subject of no kind", with("customer/Can", "planet/Can"), "pointer /subject"},
      {"another version of CloudEvents", with("\"1.0\"", "\"0.3\""), "pointer /specversion"},
      {"nothing", " ", "place byte"},
      {"no events", "[]", ""},
      {"too many events",
       "[" + std::string(2000, ' ') +
           [] {
             std::string all;
             for (int i = 0; i < 1001; ++i) all += (i == 0 ? "" : ",") + good_event(std::to_string(i));
             return all;
           }() +
           "]",
       ""},
      {"too large", std::string(events::kMaxBodyBytes + 1, ' '), "", 413},
  });
}

TEST_F(BadInput, impossible_dates_name_their_field) {
  std::vector<Bad> list;
  for (const auto* time : {"2026-02-30T00:00:00Z",
                           "2025-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-10T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T25:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2016-12-31T23:59:60Z",
                           "0000-01-01T00:00:00Z",
                           "10000-01-01T00:00:00Z",
                           "2026-01-01T00:00:00+99:00",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00",
                           "2026-01-01",
                           "1893-01-01T00:00:00Z",
                           "2999-01-01T00:00:00Z",
                           "yesterday",
                           "2026-01-01T00:00:00.1234567Z",
                           "-2026-01-01T00:00:00Z",
                           "1704067200"}) {
    list.push_back({time, with("2024-01-01T00:00:00Z", time), "pointer /time"});
  }
  for (const auto* date : {"2026-02-30", "1970-2-28", "0000-01-01", "1850-01-01", "2101-01-01", "28.02.1970"}) {
    list.push_back({date, with("1970-02-28", date), "pointer /data/birth_date"});
  }
  expect_events_refused(list);
}

TEST_F(BadInput, impossible_amounts_and_currencies_name_their_field) {
  std::vector<Bad> list;
  for (const auto* amount : {"-1", "1.5", "1e2", "\"100\"", "1000000000000001", "9223372036854775808",
                             "18446744073709551616", "-9223372036854775809", "true"}) {
    list.push_back({amount, with(":100,", ":" + std::string(amount) + ","), "pointer /data/income/amount_minor"});
  }
  for (const auto* currency :
       {"\"XXY\"", "\"cny\"", "\"CN\"", "\"CNYX\"", "156", "\"\"", "\"\\u0000\\u0000\\u0000\""}) {
    list.push_back({currency, with("\"CNY\"", currency), "pointer /data/income/currency"});
  }
  list.push_back({"no currency", with(",\"currency\":\"CNY\"", ""), "pointer /data/income/currency"});
  list.push_back({"a number", with(R"({"amount_minor":100,"currency":"CNY"})", "100"), "pointer /data/income"});
  expect_events_refused(list);
}

// A key may be anything, a name and a telephone number too.
TEST_F(BadInput, keys_nobody_knows_are_told_by_their_number_and_never_repeated) {
  const std::string key = "\"Canary \u5f20\u4e09 13800138000\":1,";
  const auto after = [&](std::string_view mark) { return with(mark, std::string(mark) + key); };
  const std::vector<Bad> events = {
      {"of the envelope", after("{"), ""},
      {"of the data", after("\"data\":{"), "pointer /data"},
      {"of money", after("\"income\":{"), "pointer /data/income"},
      {"of a holder",
       R"({"specversion":"1.0","source":"test","id":"h","type":"account.opened","subject":"account/a",)"
       R"("time":"2024-01-01T00:00:00Z","data":{"type":"deposit","currency":"CNY",)"
       R"("holders":[{"customer":"c","role":"owner","Canary 13800138000":1}]}})",
       "pointer /data/holders/0"},
      {"of one of a list", "[" + good_event("e-0") + "," + after("\"data\":{") + "]", "pointer /1/data"},
  };
  expect_events_refused(events);
  const auto body = [&](const std::string& rest) { return "{" + key + rest + "}"; };
  for (const auto& [target, rest] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/decisions", R"("type":"credit.application","subject":"account/a","data":{})"},
           {"/v1/models/credit.default/train", R"("seed":1)"},
           {"/v1/models/credit.default/evaluate", R"("folds":2)"},
           {"/v1/replays", R"("all":1)"},
           {"/v1/rebuilds", R"("is_check":true)"},
           {"/v1/backups", R"("name":"a")"},
           {"/v1/users", R"("name":"a","roles":["marketer"])"},
           {"/v1/sessions", R"("name":"a","password":"b")"},
           {"/v1/policies", R"("definition":"policy: a")"},
           {"/v1/policies/credit.application/versions/1/activation", R"("note":"a")"},
           {"/v1/customers/Canary-Wang-13800138000/consents", R"("purpose":"marketing","given":false)"},
           {"/v1/customers/Canary-Wang-13800138000/erasure", R"("basis":"a")"}}) {
    expect_refused({target, body(rest), ""}, Method::kPost, target);
  }
  expect_refused({"of a policy",
                  R"({"definition":"Canary 13800138000: 1\npolicy: a\non: consent.given\nfeatures: []\n)"
                  R"(purpose: service\nbasis: contract\noutcomes: [a]\notherwise: a\nfallback: a\n"})",
                  "pointer /definition"},
                 Method::kPost, "/v1/policies");
}

TEST_F(BadInput, names_of_a_query_nobody_knows_or_twice_are_never_repeated) {
  for (const auto* target : {"/v1/customers?query=a&Canary%2013800138000=1", "/v1/models?Canary=1",
                             "/v1/customers?Canary=1&query=a&Canary=2", "/healthz?Canary"}) {
    expect_refused({target, "", "place query"}, Method::kGet, target);
  }
}

TEST_F(BadInput, an_expression_that_is_too_much_is_refused_for_good) {
  const auto policy = [](const std::string& when) {
    return write_json({{"definition",
                        "policy: a\non: credit.application\npurpose: service\nbasis: contract\nfeatures: []\n"
                        "outcomes: [b]\notherwise: b\nfallback: b\nrules: [{name: c, outcome: b, reason: d, when: '" +
                            when + "'}]\n"}});
  };
  const auto nested = std::string(300, '(') + "true" + std::string(300, ')');
  expect_refused({"nested", policy(nested), "pointer /definition"}, Method::kPost, "/v1/policies");
  expect_refused({"long", policy(std::string(9000, ' ') + "true"), "pointer /definition"}, Method::kPost,
                 "/v1/policies");
  const auto good = send(Method::kPost, "/v1/policies", policy("true"));
  EXPECT_EQ(good.status, 201) << good.body;
}

TEST_F(BadInput, what_is_not_known_is_named) {
  const auto event = [](std::string type, std::string subject, json::object data) {
    return write_json(json::object{{"specversion", "1.0"},
                                   {"source", "test"},
                                   {"id", "u-1"},
                                   {"type", std::move(type)},
                                   {"subject", std::move(subject)},
                                   {"time", "2024-01-01T00:00:00Z"},
                                   {"data", std::move(data)}});
  };
  const json::object amount{{"amount_minor", 1}, {"currency", "CNY"}};
  const json::array holders{json::object{{"customer", kCanary}, {"role", "owner"}}};
  expect_events_refused({
      {"customer", event("customer.updated", "customer/Canary", {{"name", kCanary}}), "pointer /subject", 422},
      {"account", event("transaction.posted", "account/Canary", {{"amount", amount}, {"direction", "debit"}}),
       "pointer /subject", 422},
      {"holder",
       event("account.opened", "account/Canary", {{"type", "deposit"}, {"currency", "CNY"}, {"holders", holders}}),
       "pointer /data/holders", 422},
      {"currency of an account",
       event("account.opened", "account/Canary", {{"type", "deposit"}, {"currency", "XXY"}, {"holders", holders}}),
       "pointer /data/currency"},
  });
}

TEST_F(BadInput, amounts_in_another_currency_than_the_accounts_are_not_taken_for_its_own) {
  const auto event = [](std::string id, std::string type, json::object data) {
    return json::object{{"specversion", "1.0"},    {"source", "test"},       {"id", std::move(id)},
                        {"type", std::move(type)}, {"subject", "account/a"}, {"time", "2024-01-02T00:00:00Z"},
                        {"data", std::move(data)}};
  };
  const auto money = [](const char* currency) { return json::object{{"amount_minor", 5}, {"currency", currency}}; };
  const json::array holders{json::object{{"customer", kCanary}, {"role", "owner"}}};
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto opened = event("o", "account.opened", {{"type", "deposit"}, {"currency", "CNY"}, {"holders", holders}});
  ASSERT_EQ(send(Method::kPost, "/v1/events", write_json(opened)).status, 200);
  const auto posted = [&](const char* amount, const char* balance) {
    return write_json(event("t", "transaction.posted",
                            {{"amount", money(amount)}, {"balance_after", money(balance)}, {"direction", "debit"}}));
  };
  const auto asked = [&](const char* currency) {
    return write_json({{"type", "credit.application"},
                       {"subject", "account/a"},
                       {"data", {{"application", "1"}, {"amount", money(currency)}, {"months", 12}}}});
  };
  const auto count = engine_->event_count().value();
  expect_refused({"posted", posted("USD", "CNY"), "pointer /data/amount/currency", 422}, Method::kPost, "/v1/events");
  expect_refused({"balance", posted("CNY", "JPY"), "pointer /data/balance_after/currency", 422}, Method::kPost,
                 "/v1/events");
  expect_refused({"credit", asked("KWD"), "pointer /data/amount/currency", 422}, Method::kPost, "/v1/decisions");
  EXPECT_EQ(engine_->event_count().value(), count);
  EXPECT_EQ(send(Method::kPost, "/v1/events", posted("CNY", "CNY")).status, 200);
  EXPECT_EQ(send(Method::kPost, "/v1/decisions", asked("CNY")).status, 201);
}

TEST_F(BadInput, the_moment_of_a_decision_is_named_as_it_was_asked) {
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto asked = [](const char* at) {
    return write_json({{"type", "credit.application"},
                       {"subject", "customer/" + std::string(kCanary)},
                       {"at", at},
                       {"data", {{"application", "1"}}}});
  };
  for (const auto* at : {"1700-01-01", "2999-01-01", "2026-02-30"}) {
    expect_refused({at, asked(at), "pointer /at"}, Method::kPost, "/v1/decisions");
  }
  expect_refused({"another kind", asked("2024-01-02"), "pointer /subject"}, Method::kPost, "/v1/decisions");
}

TEST_F(BadInput, what_is_not_yet_is_not_answered_as_if_it_were_known) {
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto customer = "/v1/customers/" + std::string(kCanary) + "?at=";
  for (const auto& path :
       {customer, std::string("/v1/accounts/Canary?at="), std::string("/v1/accounts/Canary/features?at=")}) {
    for (const auto& ahead : {std::string("2999-01-01"), format(clock_.now() + hours(25))}) {
      expect_refused({path + ahead, "", "query at"}, Method::kGet, path + ahead);
    }
  }
  EXPECT_EQ(send(Method::kGet, customer + format(clock_.now() + hours(23)), "").status, 200);
}

TEST_F(BadInput, query_values_and_paths_name_what_is_wrong) {
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto customer = "/v1/customers/" + std::string(kCanary);
  std::vector<std::pair<std::string, std::string>> targets;  // and the place
  for (const auto* moment : {"2026-02-30", "2026-01-01T25:00:00Z", "0000-01-01", "2026-01-01T00:00:00%2B99:00",
                             "2016-12-31T23:59:60Z", "today", ""}) {
    targets.emplace_back(customer + "?at=" + moment, "query at");
    targets.emplace_back("/v1/accounts/Canary?at=" + std::string(moment), "query at");
    targets.emplace_back("/v1/accounts/Canary/features?at=" + std::string(moment), "query at");
  }
  for (const auto* limit : {"0", "-1", "201", "1e2", "99999999999999999999", "ten", ""}) {
    for (const auto& path :
         {std::string("/v1/customers?query=Canary&"), customer + "/timeline?", std::string("/v1/decisions?"),
          std::string("/v1/audit/entries?"), std::string("/v1/users?")}) {
      targets.emplace_back(path + "limit=" + limit, "query limit");
    }
  }
  for (const auto* path : {"/v1/decisions?", "/v1/audit/entries?"}) {
    targets.emplace_back(std::string(path) + "cursor=Canary", "query cursor");
  }
  targets.emplace_back(customer + "/timeline?cursor=Canary", "query cursor");
  targets.emplace_back("/v1/customers?query=", "query query");
  targets.emplace_back("/v1/customers?query=" + std::string(201, 'x'), "query query");
  targets.emplace_back("/v1/decisions?subject=Canary", "query subject");
  targets.emplace_back("/v1/decisions?colour=Canary", "place query");
  targets.emplace_back("/v1/decisions/Canary", "path decision");
  targets.emplace_back("/v1/users/Canary", "path user");
  targets.emplace_back("/v1/events/Canary", "path seq");
  targets.emplace_back("/v1/events/0", "path seq");
  targets.emplace_back("/v1/events/99999999999999999999", "path seq");
  for (const auto* bytes : {"%FF", "%00", "%C0%AF", "%ED%A0%80", "%1B", "%zz", "%"}) {
    targets.emplace_back("/v1/customers/Canary" + std::string(bytes), "");
    targets.emplace_back("/v1/customers?query=Canary" + std::string(bytes), "");
  }
  for (const auto& [target, place] : targets) expect_refused({target, "", place}, Method::kGet, target);
}

TEST_F(BadInput, what_other_routes_take_is_refused_as_well) {
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto customer = "customer/" + std::string(kCanary);
  const auto decision = [&](const json::object& data, const std::string& at) {
    return write_json(json::object{{"type", "credit.application"}, {"subject", customer}, {"data", data}, {"at", at}});
  };
  const auto post = [&](const std::string& target, const Bad& bad) { expect_refused(bad, Method::kPost, target); };
  post("/v1/decisions", {"impossible day", decision({}, "2026-02-30"), "pointer /at"});
  post("/v1/decisions", {"impossible hour", decision({}, "2026-01-01T25:00:00Z"), "pointer /at"});
  post("/v1/decisions", {"days ahead", decision({}, "2999-01-01"), "pointer /at"});
  post("/v1/decisions",
       {"a subject of another kind", decision({{"application", kCanary}}, "2024-01-02"), "pointer /subject"});
  post("/v1/decisions", {"unknown customer", R"({"type":"credit.application","subject":"account/Canary","data":{}})",
                         "pointer /subject", 422});
  post("/v1/decisions",
       {"a subject that is none", R"({"type":"credit.application","subject":"Canary","data":{}})", "pointer /subject"});
  post("/v1/models/credit.default/train", {"impossible day", R"({"until":"2026-02-30"})", "pointer /until"});
  post("/v1/models/credit.default/train", {"seed", R"({"seed":-1})", "pointer /seed"});
  post("/v1/models/credit.default/evaluate", {"folds", R"({"folds":1})", "pointer /folds"});
  post("/v1/customers/" + std::string(kCanary) + "/consents",
       {"purpose", R"({"purpose":"Canary","given":false})", "pointer /data/purpose"});
  post("/v1/customers/" + std::string(kCanary) + "/erasure", {"basis", R"({"basis":""})", "pointer /basis"});
  post("/v1/policies", {"not yaml", R"({"definition":"policy: ["})", "pointer /definition"});
  post("/v1/policies", {"no policy", R"({"definition":"Canary: 1"})", "pointer /definition"});
  post("/v1/api-keys",
       {"impossible day", R"({"label":"a","scopes":["decide"],"expires":"2026-02-30"})", "pointer /expires"});
  post("/v1/users", {"a name with blanks", R"({"name":"Canary Wang","roles":["marketer"]})", "pointer /name"});
  post("/v1/users", {"a role that is none", R"({"name":"a","roles":["Canary"]})", "pointer /roles"});
  post("/v1/backups", {"a path for a name", R"({"name":"../Canary"})", "pointer /name"});
  post("/v1/sessions", {"a number for a password", R"({"name":"Canary","password":13800138000})", "pointer /password"});
  EXPECT_EQ(engine_->event_count().value(), 1);
}

}  // namespace
}  // namespace amity::app
