// Erasing a customer leaves nothing of them: canaries are planted in every field that can hold something of a person,
// the person is erased, and then everything the program keeps is searched byte by byte (PIPL art. 47, GDPR art. 17).
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"
#include "security/keys.h"
#include "security/keys/records.h"
#include "tests/fault/plain_copy.h"
#include "tests/fault/traffic.h"

namespace amity::fault {
namespace {

constexpr auto kNoDuties = "duties: []";
constexpr auto kTenYears =
    "duties: [{name: d1, title: {en: a, zh: b}, basis: {en: a, zh: b}, holds: {}, from: relationship_end, "
    "keep: 10 years}]";

// Each is nowhere else. Texts in Chinese stand in the database as UTF-8.
const std::vector<std::string> kCanaries = {
    "canary-customer-7f31", "金丝雀",
    "Canaria Zhang",        "+8613977770001",
    "canary@example.org",   "110101199003077711",
    "9 Canary Lane",        "canary breeder",
    "about my canary",      "canary-account-7f32",
    "canary-card-7f33",     "canary-payee-7f34",
    "canary-device-7f35",   "canary-merchant-7f36",
    "canary-order-7f37",    "canary-loan-7f38",
};

json::object event(std::string_view id, std::string_view type, std::string_view subject, json::object data) {
  return {{"specversion", "1.0"},           {"source", "erasure"},    {"id", id}, {"type", type}, {"subject", subject},
          {"time", "2026-02-01T10:00:00Z"}, {"data", std::move(data)}};
}

json::object yuan(int64_t minor) { return {{"amount_minor", minor}, {"currency", "CNY"}}; }

json::array canaries_life() {
  const auto* customer = "customer/canary-customer-7f31";
  const auto* account = "account/canary-account-7f32";
  return {
      event("r-1", "customer.registered", customer,
            {{"name", "金丝雀"},
             {"name_latin", "Canaria Zhang"},
             {"phone", "+8613977770001"},
             {"email", "canary@example.org"},
             {"identity_number", "110101199003077711"},
             {"address", "9 Canary Lane"},
             {"occupation", "canary breeder"}}),
      event("r-2", "customer.registered", "customer/neighbour", {{"name", "Neighbour"}}),
      event("c-1", "consent.given", customer,
            {{"purpose", "credit_decision"}, {"notice_version", "1"}, {"language", "zh"}}),
      event("a-1", "account.opened", account,
            {{"type", "deposit"},
             {"currency", "CNY"},
             {"holders", json::array{{{"customer", "canary-customer-7f31"}, {"role", "owner"}}}}}),
      event("a-2", "account.opened", "account/joint",
            {{"type", "deposit"},
             {"currency", "CNY"},
             {"holders", json::array{{{"customer", "neighbour"}, {"role", "owner"}},
                                     {{"customer", "canary-customer-7f31"}, {"role", "joint_owner"}}}}}),
      event("b-1", "relationship.recorded", "customer/neighbour",
            {{"other", "canary-customer-7f31"}, {"relationship", "spouse"}}),
      event("i-1", "interaction.recorded", customer,
            {{"channel", "chat"}, {"direction", "in"}, {"text", "about my canary"}, {"device", "canary-device-7f35"}}),
      event("k-1", "card.issued", account, {{"card", "canary-card-7f33"}, {"customer", "canary-customer-7f31"}}),
      event("o-1", "standing_order.created", account,
            {{"order", "canary-order-7f37"}, {"amount", yuan(5000)}, {"counterparty", "canary-payee-7f34"}}),
      event("t-1", "transaction.posted", account,
            {{"amount", yuan(120'000)},
             {"direction", "credit"},
             {"counterparty", "canary-payee-7f34"},
             {"card", "canary-card-7f33"}}),
      event("p-1", "payment.requested", account,
            {{"amount", yuan(777)},
             {"channel", "card_online"},
             {"merchant", "canary-merchant-7f36"},
             {"card", "canary-card-7f33"},
             {"device", "canary-device-7f35"},
             {"counterparty", "canary-payee-7f34"}}),
      event("l-1", "credit.application", account,
            {{"application", "canary-loan-7f38"}, {"amount", yuan(100'000)}, {"months", 12}}),
  };
}

json::object canaries_order() {
  return {{"type", "credit.application"},
          {"subject", "account/canary-account-7f32"},
          {"data", {{"application", "canary-loan-7f38"}, {"amount", yuan(90'000)}, {"months", 24}}}};
}

std::string found_in(const std::string& place, const std::string& content) {
  std::string found;
  for (const auto& canary : kCanaries) {
    if (content.find(canary) != std::string::npos) found += "\n  " + canary + " in " + place;
  }
  return found;
}

// Raw files as they lie there, and the databases with their page keys.
std::string canaries_in(const Bank& bank) {
  std::string found = found_in("the program's log", content_of(bank.log()));
  const auto path = bank.data() / "amity.db";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bank.data())) {
    if (entry.is_regular_file()) found += found_in(entry.path().filename().string(), content_of(entry.path()));
  }
  std::optional<SecretKey> page_key;
  {
    static const SystemClock clock;
    const auto keys = security::KeyStore::open(
        {.url = "sqlite:" + path.string() + ".keys", .key_file = path.string() + ".key"}, clock);
    if (!keys) return found + "\n  the key store does not open: " + keys.error().text();
    page_key = (*keys)->institution_key("pages");
  }
  const auto plain = plain_content_of(path, *page_key);
  if (!plain) return found + "\n  the database does not open with its page key";
  EXPECT_NE(plain->find("payment.requested"), std::string::npos);  // it is plain
  return found + found_in("the database", *plain);
}

// Whoever asks is told that there is no such thing; search finds nobody.
void expect_nobody_is_there(const Server& server) {
  for (const auto* path :
       {"/v1/customers/canary-customer-7f31", "/v1/customers/canary-customer-7f31?at=2026-02-02",
        "/v1/customers/canary-customer-7f31/timeline", "/v1/accounts/canary-account-7f32", "/v1/events/1"}) {
    const auto answer = server.get(path);
    EXPECT_TRUE(answer && answer->status == 404) << path << " " << (answer ? answer->body : "");
  }
  for (const auto* query : {"%E9%87%91%E4%B8%9D%E9%9B%80", "Canaria", "%2B8613977770001", "canary-account-7f32"}) {
    const auto answer = api::json_answer(server.get(std::string("/v1/customers?query=") + query));
    EXPECT_TRUE(answer && answer->at("customers").as_array().empty()) << query;
  }
}

// Who shared an account with them keeps it, and reads nothing of them there.
void expect_no_word_of_them_beside(const Server& server) {
  for (const auto* path : {"/v1/customers/neighbour", "/v1/accounts/joint", "/v1/customers/neighbour/timeline",
                           "/v1/customers/neighbour?at=2026-02-02", "/v1/accounts/joint?at=2026-02-02"}) {
    const auto answer = server.get(path);
    EXPECT_TRUE(answer && answer->status == 200) << path << " " << (answer ? answer->body : "");
    EXPECT_EQ(found_in(path, answer ? answer->body : ""), "");
  }
}

// What was answered first is gone as well, and nothing of it is done again.
void expect_first_answers_gone(const Server& server) {
  for (const auto& [path, body] : {std::pair<std::string, std::string>{"/v1/events", write_json(canaries_life())},
                                   {"/v1/decisions", write_json(canaries_order())}}) {
    const auto again = server.post(path, body, "canarys-own-key");
    EXPECT_TRUE(again && again->status == 409) << path << " " << (again ? again->body : "");
    EXPECT_EQ(found_in(path, again ? again->body : ""), "");
  }
}

// The canaries live, a backup is made, they are erased: served, nothing is left of them.
void erase_after_a_backup(const Bank& bank) {
  Server server(bank);
  ASSERT_TRUE(server.has_served()) << content_of(bank.log());
  const auto posted = server.post("/v1/events", write_json(canaries_life()), "canarys-own-key");
  ASSERT_TRUE(posted && posted->status == 200);
  const auto decided = server.post("/v1/decisions", write_json(canaries_order()), "canarys-own-key");
  ASSERT_TRUE(decided && decided->status == 201) << (decided ? decided->body : "");
  EXPECT_NE(found_in("the decision", decided->body), "");
  EXPECT_EQ(posted->body.find("problem"), std::string::npos) << posted->body;
  EXPECT_NE(posted->body.find("decision"), std::string::npos) << posted->body;
  const auto profile = server.get("/v1/customers/canary-customer-7f31");
  ASSERT_TRUE(profile && profile->status == 200);
  EXPECT_NE(profile->body.find("金丝雀"), std::string::npos);
  const auto saved = server.post("/v1/backups", R"({"name": "before"})");
  ASSERT_TRUE(saved && saved->status < 300) << (saved ? saved->body : "");
  const auto erased = server.post("/v1/customers/canary-customer-7f31/erasure", R"({"basis": "request 1"})");
  ASSERT_TRUE(erased && erased->status == 200) << (erased ? erased->body : "");
  expect_nobody_is_there(server);
  expect_first_answers_gone(server);
  EXPECT_EQ(number_in(server.post("/v1/replays", "{}"), "differences"), 0);
  expect_no_word_of_them_beside(server);
  EXPECT_EQ(server.stop(), 0);
}

void expect_nobody_is_served(const Bank& bank) {
  Server server(bank);
  ASSERT_TRUE(server.has_served()) << content_of(bank.log());
  expect_nobody_is_there(server);
  expect_first_answers_gone(server);
  expect_no_word_of_them_beside(server);
  EXPECT_EQ(server.stop(), 0);
}

TEST(Erasure, leaves_no_trace_in_the_database_its_files_the_log_or_a_restored_older_backup) {
  Bank bank;
  bank.use_duties(kNoDuties);
  erase_after_a_backup(bank);
  if (HasFailure()) return;
  EXPECT_EQ(canaries_in(bank), "");
  for (const auto* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(bank.data() / (std::string("amity.db") + suffix));
  const auto restored = run(bank, {"restore", (bank.data() / "backups" / "before").string()});
  ASSERT_EQ(restored.status, 0) << restored.output << content_of(bank.log());
  expect_nobody_is_served(bank);
  EXPECT_EQ(canaries_in(bank), "");
}

// Everything the bank keeps beside PostgreSQL, each file of the cluster after a checkpoint, and the rows as SQL.
std::string canaries_in(const Bank& bank, const store::PostgresqlCluster& cluster) {
  std::string found = found_in("the program's log", content_of(bank.log()));
  std::ignore = store::output_of(fmt::format("psql -q -X '{}' -c CHECKPOINT", cluster.url()));
  for (const auto& folder : {bank.data(), cluster.folder()}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) found += found_in(entry.path().string(), content_of(entry.path()));
    }
  }
  const auto rows = store::output_of(fmt::format("pg_dump --inserts '{}'", bank.url()));
  EXPECT_NE(rows.find("payment.requested"), std::string::npos);  // they are plain
  return found + found_in("the database", rows);
}

// The backup is restored beside the database it was made of, from which the keys have been destroyed since.
TEST(Erasure, leaves_no_trace_in_postgresql_or_an_older_backup_that_is_restored_onto_it) {
  const store::PostgresqlCluster cluster;
  Bank bank;
  bank.use_duties(kNoDuties);
  bank.use(cluster.url());
  erase_after_a_backup(bank);
  if (HasFailure()) return;
  EXPECT_EQ(canaries_in(bank, cluster), "");
  const std::vector<std::string> restore = {"restore", (bank.data() / "backups" / "before").string()};
  const auto refused = run(bank, restore);
  EXPECT_EQ(refused.status, 5) << refused.output;  // a database stands there
  std::ignore = store::output_of(fmt::format("psql -q -X '{}' -c 'CREATE DATABASE restored'", cluster.url()));
  bank.use(cluster.url().substr(0, cluster.url().rfind('/') + 1) + "restored");
  const auto restored = run(bank, restore);
  ASSERT_EQ(restored.status, 0) << restored.output << content_of(bank.log());
  expect_nobody_is_served(bank);
  EXPECT_EQ(canaries_in(bank, cluster), "");
  const auto rebuilt = run(bank, {"rebuild", "--check"});
  EXPECT_EQ(rebuilt.status, 0) << rebuilt.output << content_of(bank.log());
  const auto verified = run(bank, {"audit", "verify"});
  EXPECT_EQ(verified.status, 0) << verified.output;
}

// Killed at any moment of an erasure, the program carries it through when it starts, or has not begun it and is asked
// again.
TEST(Erasure, cut_short_by_a_kill_is_carried_through) {
  Random random(20260801);
  int unanswered = 0;
  for (int round = 0; round < 8 && !HasFailure(); ++round) {
    const Bank bank;
    bank.use_duties(kNoDuties);
    {
      Server server(bank);
      ASSERT_TRUE(server.has_served()) << content_of(bank.log());
      const auto posted = server.post("/v1/events", write_json(canaries_life()));
      ASSERT_TRUE(posted && posted->status == 200);
      std::thread killer([&, after_us = random.below(25'000)] {
        std::this_thread::sleep_for(std::chrono::microseconds(after_us));
        server.process().signal(SIGKILL);
      });
      const auto erased = server.post("/v1/customers/canary-customer-7f31/erasure", R"({"basis": "request 1"})");
      unanswered += !erased;
      killer.join();
      server.process().wait();
    }
    {
      Server server(bank);
      ASSERT_TRUE(server.has_served()) << content_of(bank.log());
      const auto again = server.post("/v1/customers/canary-customer-7f31/erasure", R"({"basis": "request 1"})");
      EXPECT_TRUE(again && (again->status == 200 || again->status == 404)) << (again ? again->body : "");
      expect_nobody_is_there(server);
      expect_no_word_of_them_beside(server);
      EXPECT_EQ(number_in(server.post("/v1/replays", "{}"), "differences"), 0);
      EXPECT_EQ(server.stop(), 0);
    }
    EXPECT_EQ(canaries_in(bank), "");
    const auto rebuilt = run(bank, {"rebuild", "--check"});
    EXPECT_EQ(rebuilt.status, 0) << rebuilt.output;
  }
  EXPECT_GT(unanswered, 0);
}

// The law is lifted, and the end has come and was announced long ago.
void end_freezes_by_hand(const Bank& bank) {
  static constexpr store::Statement kEnd{"fault.end_freezes", "UPDATE freezes SET kept_until = 1, announced = 1"};
  bank.use_duties(kNoDuties);
  auto keys = store::open_database(
      {.url = "sqlite:" + (bank.data() / "amity.db.keys").string(), .migrations = security::key_migrations()});
  ASSERT_TRUE(keys) << keys.error().text();
  EXPECT_TRUE((*keys)->write([](store::Transaction& transaction) -> Result<void> {
    EXPECT_EQ(*transaction.execute(kEnd, {}), 2);
    return {};
  }));
}

void kill_at_its_start(const Bank& bank, uint64_t after_us) {
  Process starting(bank, {"serve", "--listen", "127.0.0.1:0"});
  std::this_thread::sleep_for(std::chrono::microseconds(after_us));
  starting.signal(SIGKILL);
  starting.wait();
}

std::string read_for_the_law(const Bank& bank) {
  const auto shown = run(bank, {"customer", "show", "canary-customer-7f31", "--purpose", "legal_hold"});
  return shown.status == 0 && shown.output.find("金丝雀") != std::string::npos ? "all of it"
                                                                               : std::to_string(shown.status);
}

// As an erasure, but what the law keeps is there for a legal hold; and the end of the freeze is killed, too.
TEST(Freeze, cut_short_by_a_kill_is_carried_through_and_loses_nothing_the_law_keeps) {
  Random random(20260802);
  int unanswered = 0;
  for (int round = 0; round < 6 && !HasFailure(); ++round) {
    const Bank bank;
    bank.use_duties(kTenYears);
    {
      Server server(bank);
      ASSERT_TRUE(server.has_served()) << content_of(bank.log());
      const auto posted = server.post("/v1/events", write_json(canaries_life()));
      ASSERT_TRUE(posted && posted->status == 200);
      std::thread killer([&, after_us = random.below(25'000)] {
        std::this_thread::sleep_for(std::chrono::microseconds(after_us));
        server.process().signal(SIGKILL);
      });
      const auto frozen = server.post("/v1/customers/canary-customer-7f31/erasure", R"({"basis": "request 1"})");
      unanswered += !frozen;
      killer.join();
      server.process().wait();
    }
    {
      Server server(bank);
      ASSERT_TRUE(server.has_served()) << content_of(bank.log());
      const auto again = server.post("/v1/customers/canary-customer-7f31/erasure", R"({"basis": "request 1"})");
      EXPECT_TRUE(again && (again->status == 200 || again->status == 404)) << (again ? again->body : "");
      expect_nobody_is_there(server);
      expect_no_word_of_them_beside(server);
      EXPECT_EQ(number_in(server.post("/v1/replays", "{}"), "differences"), 0);
      EXPECT_EQ(server.stop(), 0);
    }
    EXPECT_EQ(canaries_in(bank), "");
    EXPECT_EQ(read_for_the_law(bank), "all of it");
    end_freezes_by_hand(bank);
    kill_at_its_start(bank, random.below(400'000));
    EXPECT_EQ(run(bank, {"rebuild", "--check"}).status, 0) << content_of(bank.log());
    EXPECT_EQ(read_for_the_law(bank), "4");
    EXPECT_EQ(canaries_in(bank), "");
  }
  EXPECT_GT(unanswered, 0);
}

// Power fails at one write after the other of an erasure, and takes with it what was not synced yet. Whatever was done
// by then, after a start and the same request again nothing is left, in the files and in the database.
TEST(Erasure, cut_short_by_lost_power_at_any_write_is_carried_through) {
  if (!kMayPreload) GTEST_SKIP() << "a preloaded library and a sanitizer do not go together";
  const Bank first;
  first.use_duties(kNoDuties);
  {
    Server server(first);
    ASSERT_TRUE(server.has_served()) << content_of(first.log());
    const auto posted = server.post("/v1/events", write_json(canaries_life()));
    ASSERT_TRUE(posted && posted->status == 200);
    EXPECT_EQ(server.stop(), 0);
  }
  const std::vector<std::string> erase = {"customer", "erase", "canary-customer-7f31", "--basis", "request 1"};
  const int every = std::getenv("AMITY_LONG") != nullptr ? 1 : 5;
  int cut_count = 0;
  int begun_count = 0;  // cut after the request was durable: the next start alone carries it through
  for (int after = 1; !HasFailure(); after += every) {
    const Bank bank;
    bank.use_duties(kNoDuties);
    std::filesystem::copy(first.data(), bank.data(), std::filesystem::copy_options::recursive);
    Process erasing(
        bank, erase,
        shim_of(bank, {{"AMITY_SHIM_SEED", std::to_string(after)}, {"AMITY_SHIM_CRASH_AFTER", std::to_string(after)}}));
    erasing.read_all();
    const bool is_cut = erasing.wait() != 0;
    const auto again = run(bank, erase);
    begun_count += is_cut && again.status == 4;
    EXPECT_TRUE(again.status == 0 || again.status == 4) << "after " << after << again.output << content_of(bank.log());
    const auto rebuilt = run(bank, {"rebuild", "--check"});
    EXPECT_EQ(rebuilt.status, 0) << "after " << after << rebuilt.output << content_of(bank.log());
    EXPECT_EQ(canaries_in(bank), "") << "after " << after;
    if (!is_cut) break;
    ++cut_count;
  }
  EXPECT_GT(cut_count, 10);
  EXPECT_GT(begun_count, 3);
}

}  // namespace
}  // namespace amity::fault
