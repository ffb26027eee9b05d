#include "events/decode.h"

#include <gtest/gtest.h>

#include "events/catalogue.h"

namespace amity::events {
namespace {

const Timestamp kNow = *parse_timestamp("2024-06-01T12:00:00Z");
constexpr std::string_view kStructured = "application/cloudevents+json";
constexpr std::string_view kBatch = "application/cloudevents-batch+json";

json::object posting() {
  return json::object{{"specversion", "1.0"},
                      {"id", "t-171812"},
                      {"source", "core/ledger"},
                      {"type", "transaction.posted"},
                      {"dataschema", "1"},
                      {"subject", "account/576"},
                      {"time", "1993-01-01T00:00:00Z"},
                      {"data",
                       {{"amount", {{"amount_minor", 90000}, {"currency", "CZK"}}},
                        {"direction", "credit"},
                        {"counterparty", "YZ/87144583"}}}};
}

json::object with(std::string_view key, json::value value) {
  auto document = posting();
  document[key] = std::move(value);
  return document;
}

json::object with_data(std::string_view key, json::value value) {
  auto document = posting();
  document["data"].as_object()[key] = std::move(value);
  return document;
}

std::string place_of_refusal(const json::value& document) {
  const auto event = decode_event(document, kNow);
  return event ? "accepted" : event.error().place;
}

TEST(decode, reads_every_attribute_of_an_event) {
  const auto event = decode_event(posting(), kNow);
  ASSERT_TRUE(event) << event.error().text();
  EXPECT_EQ(event->id, "t-171812");
  EXPECT_EQ(event->source, "core/ledger");
  EXPECT_EQ(event->subject, (Reference{EntityKind::kAccount, "576"}));
  EXPECT_EQ(event->time, *parse_timestamp("1993-01-01T00:00:00Z"));
  EXPECT_EQ(event->schema_version, 1);
  EXPECT_FALSE(event->is_history);
  EXPECT_EQ(event->data.at("amount").at("amount_minor"), 90000);
  const auto parties = parties_of(*event);
  ASSERT_EQ(parties.size(), 1u);
  EXPECT_EQ(format(parties[0]), "counterparty/YZ/87144583");
}

TEST(decode, names_the_place_of_what_is_wrong) {
  auto without_id = posting();
  without_id.erase("id");
  EXPECT_EQ(place_of_refusal(without_id), "/id");
  EXPECT_EQ(place_of_refusal(with("specversion", "0.3")), "/specversion");
  EXPECT_EQ(place_of_refusal(with("type", "money.vanished")), "/type");
  EXPECT_EQ(place_of_refusal(with("type", "customer.erased")), "/type");
  EXPECT_EQ(place_of_refusal(with("subject", "customer/576")), "/subject");
  EXPECT_EQ(place_of_refusal(with("subject", "account/")), "/subject");
  EXPECT_EQ(place_of_refusal(with("subject", "account/a\nb")), "/subject");
  EXPECT_EQ(place_of_refusal(with("time", "1993-02-29T00:00:00Z")), "/time");
  EXPECT_EQ(place_of_refusal(with("time", "1899-12-31T00:00:00Z")), "/time");
  EXPECT_EQ(place_of_refusal(with("dataschema", "2")), "/data");
  EXPECT_EQ(place_of_refusal(with("dataschema", "one")), "/dataschema");
  EXPECT_EQ(place_of_refusal(with("datacontenttype", "text/xml")), "/datacontenttype");
  EXPECT_EQ(place_of_refusal(with("traceparent", "x")), "/traceparent");
  EXPECT_EQ(place_of_refusal(with("partitionkey", "7")), "");
  EXPECT_EQ(place_of_refusal(with("data", "text")), "/data");
}

TEST(decode, names_the_place_within_the_data) {
  EXPECT_EQ(place_of_refusal(with_data("amount", {{"amount_minor", 1}})), "/data/amount/currency");
  EXPECT_EQ(place_of_refusal(with_data("amount", {{"amount_minor", 1}, {"currency", "XXX"}})), "/data/amount/currency");
  EXPECT_EQ(place_of_refusal(with_data("amount", {{"amount_minor", -1}, {"currency", "CZK"}})),
            "/data/amount/amount_minor");
  EXPECT_EQ(place_of_refusal(with_data("amount", {{"amount_minor", 1.5}, {"currency", "CZK"}})),
            "/data/amount/amount_minor");
  EXPECT_EQ(place_of_refusal(with_data("amount", {{"amount_minor", 1'000'000'000'000'001}, {"currency", "CZK"}})),
            "/data/amount/amount_minor");
  EXPECT_EQ(place_of_refusal(with_data("amount", 900)), "/data/amount");
  EXPECT_EQ(place_of_refusal(with_data("direction", "sideways")), "/data/direction");
  EXPECT_EQ(place_of_refusal(with_data("colour", "red")), "/data");
  EXPECT_EQ(place_of_refusal(with_data("operation", "")), "/data/operation");
  EXPECT_EQ(place_of_refusal(with_data("operation", json::string(4097, 'x'))), "/data/operation");
  EXPECT_EQ(place_of_refusal(with_data("operation", json::string(4096, 'x'))), "accepted");
  EXPECT_EQ(place_of_refusal(with_data("operation", "two\nlines")), "accepted");
  EXPECT_EQ(place_of_refusal(with_data("operation", "\x1b[31m")), "/data/operation");
  EXPECT_EQ(place_of_refusal(with_data("balance_after", {{"amount_minor", -500}, {"currency", "CZK"}})), "accepted");
}

TEST(decode, allows_a_clock_that_is_a_day_ahead_and_no_more) {
  EXPECT_EQ(place_of_refusal(with("time", "2024-06-02T12:00:00Z")), "accepted");
  EXPECT_EQ(place_of_refusal(with("time", "2024-06-02T12:00:00.000001Z")), "/time");
}

TEST(decode, digests_the_canonical_body_but_not_the_identity) {
  const auto first = decode_event(posting(), kNow);
  const auto reordered = decode_event(*parse_json(R"({"data":{"counterparty":"YZ/87144583","direction":"credit",
    "amount":{"currency":"CZK","amount_minor":90000}},"time":"1993-01-01T01:00:00+01:00","subject":"account/576",
    "type":"transaction.posted","source":"core/ledger","id":"t-2","specversion":"1.0"})"),
                                      kNow);
  ASSERT_TRUE(reordered) << reordered.error().text();
  EXPECT_EQ(first->body_digest, reordered->body_digest);
  const auto other = decode_event(with_data("direction", "debit"), kNow);
  EXPECT_NE(first->body_digest, other->body_digest);
  const auto later = decode_event(with("time", "1993-01-01T00:00:00.000001Z"), kNow);
  EXPECT_NE(first->body_digest, later->body_digest);
}

TEST(decode, gives_back_the_document_it_read) {
  const auto event = decode_event(posting(), kNow);
  EXPECT_EQ(write_json(encode_event(*event)), write_json(posting()));
}

TEST(decode, refuses_a_batch_whole_and_lists_its_problems) {
  const json::array batch = {posting(), with("type", "x"), posting(), with_data("direction", "up")};
  const auto body = decode_body(kBatch, write_json(batch), kNow);
  EXPECT_TRUE(body.events.empty());
  ASSERT_EQ(body.problems.size(), 2u);
  EXPECT_EQ(body.problems[0].place, "/1/type");
  EXPECT_EQ(body.problems[1].place, "/3/data/direction");
}

TEST(decode, lists_at_most_twenty_problems) {
  json::array batch;
  for (int i = 0; i < 50; ++i) batch.push_back(with("type", "x"));
  EXPECT_EQ(decode_body(kBatch, write_json(batch), kNow).problems.size(), kMaxProblems);
}

TEST(decode, accepts_a_batch_of_a_thousand_and_refuses_one_more) {
  json::array batch(1000, posting());
  EXPECT_EQ(decode_body(kBatch, write_json(batch), kNow).events.size(), 1000u);
  batch.push_back(posting());
  const auto refused = decode_body(kBatch, write_json(batch), kNow);
  ASSERT_EQ(refused.problems.size(), 1u);
  EXPECT_EQ(refused.problems[0].code, Code::kInvalid);  // waiting would not help
}

TEST(decode, reads_the_content_type_as_http_writes_it) {
  const auto body = write_json(posting());
  EXPECT_EQ(decode_body("Application/CloudEvents+JSON; charset=UTF-8", body, kNow).events.size(), 1u);
  EXPECT_EQ(decode_body(kStructured, body, kNow).events.size(), 1u);
  EXPECT_EQ(decode_body("application/json", body, kNow).problems.size(), 1u);
  EXPECT_EQ(decode_body("application/cloudevents+json; charset=gbk", body, kNow).problems.size(), 1u);
  EXPECT_EQ(decode_body(kBatch, body, kNow).problems.size(), 1u);
  EXPECT_EQ(decode_body(kBatch, "[]", kNow).problems.size(), 1u);
}

TEST(decode, refuses_what_is_no_json_or_too_large) {
  EXPECT_EQ(decode_body(kStructured, "{", kNow).problems.size(), 1u);
  EXPECT_EQ(decode_body(kStructured, "\"\xff\"", kNow).problems.size(), 1u);
  const auto large = decode_body(kStructured, std::string(kMaxBodyBytes + 1, ' '), kNow);
  EXPECT_EQ(large.problems.at(0).code, Code::kLimit);
}

TEST(make_event, may_make_what_outsiders_may_not) {
  const auto erased = make_event({.source = "amity",
                                  .id = "erasure-1",
                                  .type = "customer.erased",
                                  .subject = {EntityKind::kCustomer, "7"},
                                  .time = kNow,
                                  .data = {{"basis", "request-1"}}});
  ASSERT_TRUE(erased) << erased.error().text();
  const auto wrong = make_event({.source = "amity", .id = "1", .type = "loan.granted", .time = kNow});
  EXPECT_FALSE(wrong);
}

}  // namespace
}  // namespace amity::events
