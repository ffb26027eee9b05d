// What the migrations say a column holds of persons (docs/formats/migrations.md) is held against what stands in it.
//
// On PostgreSQL alone: one statement there reads every column of every table; the marks and what is written are the
// same on SQLite.
#include "store/column_marks_fixture.h"

#include "app/bank_fixture.h"

namespace amity::app {
namespace {

// Of each column its table, its name and all its cells as hexadecimal digits, bytes as they are, the rest as text.
constexpr store::Statement kEveryColumn(
    "test.every_column",
    "SELECT t::text, c::text, query_to_xml(format(CASE WHEN is_bytes THEN 'SELECT encode(%1$I, ''hex'') FROM %2$I' "
    "ELSE 'SELECT encode(convert_to(%1$I::text, ''UTF8''), ''hex'') FROM %2$I' END, c, t), true, false, '')::text "
    "FROM (SELECT r.relname AS t, a.attname AS c, a.atttypid = 'bytea'::regtype AS is_bytes FROM pg_class AS r "
    "JOIN pg_namespace AS n ON n.oid = r.relnamespace JOIN pg_attribute AS a ON a.attrelid = r.oid "
    "WHERE n.nspname = 'public' AND r.relkind IN ('r', 'p') AND NOT r.relispartition AND a.attnum > 0 "
    "AND NOT a.attisdropped) AS columns ORDER BY t, c");

// Something known of a person, and whether it tells who they are or what they do by itself (C2), or is a stand-in.
struct Known {
  std::string what;
  std::vector<std::string> forms;  // hexadecimal
  bool is_telling = false;
};

std::string hex_of(std::string_view text) { return to_hex(as_bytes(text)); }

Known telling(const std::string& text) { return {text, {hex_of(text)}, true}; }
Known stand_in(const std::string& what, const Uuid& id) {
  return {what, {to_hex(id.bytes), hex_of(format(id)), hex_of(to_hex(id.bytes))}};
}

class ColumnMarksTest : public BankTest {
 protected:
  // Lin's accounts are l1 and, with Wu, j1; there is something of Lin's in every table that keeps people.
  void live_busily() {
    auto lin = registered(kLin);
    lin.data = {{"name", kName}, {"phone", kPhone}};
    const auto order = ordered(kAccount);
    must_take({lin, registered("wu"), opened(kAccount, {kLin}), opened("j1", {kLin, "wu"}),
               event_of("relationship.recorded", customer("wu"), {{"other", kLin}, {"relationship", "spouse"}}),
               event_of("interaction.recorded", customer(kLin),
                        {{"channel", "chat"}, {"direction", "in"}, {"text", kText}, {"device", "d1"}}),
               event_of("risk_profile.assessed", customer(kLin), {{"level", "C1"}, {"valid_until", "2030-01-01"}}),
               order, ordered("j1")});
    known_.push_back({"the time of an event", {hex_of(std::to_string(order.time.us))}});
    ASSERT_TRUE(engine_->users().add(
        local_operator(),
        {.name = "lins-own", .roles = {security::Role::kCustomer}, .customer = CustomerId{id_of(customer(kLin))}}));
    const auto decided =
        post("/v1/decisions",
             {{"type", "investment.order"},
              {"subject", std::string("account/") + kAccount},
              {"data",
               {{"product", "bond_fund"}, {"side", "buy"}, {"amount", {{"amount_minor", 77}, {"currency", "CNY"}}}}}},
             "d1");
    ASSERT_EQ(decided.status, 201) << decided.body;
    const auto decision = parse_uuid(parse_json(decided.body)->at("id").as_string());
    ASSERT_TRUE(decision);
    known_.push_back(stand_in("the id of a decision", *decision));
    for (const auto& reference : {customer(kLin), account(kAccount)}) {
      EXPECT_EQ(reads(reference), "ok");
      known_.push_back(stand_in("the pseudonym of " + format(reference), id_of(reference)));
    }
    for (const auto* text : {kLin, kAccount, kName, kPhone, kText}) known_.push_back(telling(text));
    open_engine();  // everything derived stands in its table
  }

  // What is known, by the columns it stands in.
  std::map<std::string, std::vector<Known>> found() {
    std::map<std::string, std::vector<Known>> columns;
    const auto read = engine_->database().read([&](store::Reader& reader) {
      return reader.query(kEveryColumn, {}, [&](const store::Row& row) -> Result<void> {
        const auto column = std::string(row.text(0)) + "." + std::string(row.text(1));
        const auto cells = row.text(2);
        auto& here = columns[column];
        for (const auto& known : known_) {
          const auto stands_here = [&](const std::string& form) { return cells.find(form) != std::string_view::npos; };
          if (std::ranges::any_of(known.forms, stands_here)) here.push_back(known);
        }
        return {};
      });
    });
    EXPECT_TRUE(read) << read.error().text();
    columns.erase("schema_migrations.number");
    columns.erase("schema_migrations.name");
    columns.erase("schema_migrations.digest");
    return columns;
  }

  static constexpr auto kLin = "reference-of-lin-4711";
  static constexpr auto kAccount = "account-of-lin-4712";
  static constexpr auto kName = "林金丝雀";
  static constexpr auto kPhone = "+8613900004713";
  static constexpr auto kText = "what lin said 4714";
  std::vector<Known> known_;
};

bool is_erased_by_a_room(const std::string& mark) {
  return mark.find("eraser") != std::string::npos && mark.find("eraser key") == std::string::npos;
}

// Why a column that holds this is not marked truly; empty where it is.
std::string wrong(const std::string& mark, const Known& known, bool is_after_erasure) {
  if (mark.starts_with("class none")) return "is said to hold nothing of persons";
  if (mark.find("eraser key") != std::string::npos) return "is said to be sealed";
  if (known.is_telling) return "holds it in clear";
  if (is_after_erasure && is_erased_by_a_room(mark)) return "is said to be erased";
  return "";
}

TEST_P(ColumnMarksTest, say_truly_what_stands_in_a_column_of_a_person_and_what_an_erasure_leaves) {
  live_busily();
  const auto marks = store::marks_of(store::migrations_in("migrations")).by_column();
  const auto expect_true_marks = [&](bool is_after_erasure) {
    const auto columns = found();
    EXPECT_GT(columns.size(), 80U);
    for (const auto& [column, held] : columns) {
      const auto mark = marks.contains(column) ? marks.at(column) : "no mark";
      EXPECT_NE(mark, "no mark") << column;
      for (const auto& known : held) {
        const auto why = wrong(mark, known, is_after_erasure);
        EXPECT_EQ(why, "") << column << " (" << mark << ") has " << known.what << (is_after_erasure ? ", erased" : "");
      }
    }
    return columns;
  };
  const auto before = expect_true_marks(false);
  for (const auto* column : {"events.home", "events.entities", "events.time", "event_entities.entity_id",
                             "customers.customer_id", "accounts.home_customer_id", "search_tokens.customer_id",
                             "feature_states.owner_id", "feature_states.entity_key", "decisions.home_id",
                             "decisions.decision_id", "users.customer", "audit_entries.object"}) {
    EXPECT_FALSE(before.at(column).empty()) << column << ": the search sees nothing";
  }
  ASSERT_TRUE(erase(kLin));
  open_engine();
  const auto after = expect_true_marks(true);
  EXPECT_FALSE(after.at("events.home").empty()) << "pseudonyms stay";
}

INSTANTIATE_TEST_SUITE_P(, ColumnMarksTest, testing::Values(store::Dialect::kPostgresql), store::name_of_database);

}  // namespace
}  // namespace amity::app
