// Bad events: refused whole, and the good one that follows is taken as if nothing had been.
#include "app/bad_input_fixture.h"
#include "events/decode.h"

namespace amity::app {
namespace {

class BadEvents : public BadInput {};

TEST_P(BadEvents, malformed_json_names_the_byte) {
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

TEST_P(BadEvents, wrong_encodings_are_refused) {
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

TEST_P(BadEvents, wrong_types_and_unknown_fields_name_their_field) {
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

TEST_P(BadEvents, impossible_dates_name_their_field) {
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

TEST_P(BadEvents, impossible_amounts_and_currencies_name_their_field) {
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

TEST_P(BadEvents, what_is_not_known_is_named) {
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

TEST_P(BadEvents, amounts_in_another_currency_than_the_accounts_are_not_taken_for_its_own) {
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

AMITY_ON_BOTH_DATABASES(BadEvents);

}  // namespace
}  // namespace amity::app
