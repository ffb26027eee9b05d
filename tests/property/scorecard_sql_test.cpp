// The SQL of a scorecard gives the very points of the model, and its probability to 1e-12, in SQLite and in PostgreSQL.
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>

#include "base/random.h"
#include "models/scorecard_export.h"
#include "store/database_fixture.h"

namespace amity::models {
namespace {

// Names and values that only careful quoting survives.
const std::vector<std::string> kNames = {"x", "two words", "quote\"s", "semi;colon", "SELECT", "收入", "a.b-c", "it's"};
const std::vector<std::string> kCategories = {"'", "''; DROP TABLE applications; --", "\"", "\\", "a,b", "own", "北京",
                                              "%"};

Model random_card(Random& random) {
  Model model{.name = "m", .features = {}, .positive = "1", .negative = "0", .forest_share = 0};
  Scorecard card{.factor = (5 + 40 * random.uniform()) / std::numbers::ln2, .row_count = 100};
  card.offset = 600 - card.factor * random.uniform() * 5;
  card.base_points = static_cast<int32_t>(random.below(900));
  card.band_shares = {1};
  const auto points = [&] { return Attribute{.points = static_cast<int32_t>(random.below(121)) - 60}; };
  for (const auto& name : kNames) {
    Feature feature{.name = name, .is_categorical = random.chance(0.5)};
    Characteristic characteristic;
    const auto present = 1 + random.below(4);
    if (feature.is_categorical) {
      feature.categories = kCategories;
      std::ranges::sort(feature.categories);
      for (size_t c = 0; c < kCategories.size(); ++c) {
        characteristic.attribute_of.push_back(static_cast<uint32_t>(random.below(present)));
      }
    } else {
      double cut = random.normal();
      for (uint64_t k = 0; k + 1 < present; ++k) characteristic.cuts.push_back(cut += 0.1 + random.uniform());
    }
    for (uint64_t k = 0; k <= present; ++k) characteristic.attributes.push_back(points());
    if (random.chance(0.1)) characteristic = {};
    model.features.push_back(feature);
    model.logistic.shapes.push_back({.values = std::vector<double>(feature.categories.size())});
    card.characteristics.push_back(characteristic);
  }
  model.scorecard = card;
  switch (random.below(3)) {
    case 0: break;
    case 1:
      model.calibration = {
          .kind = Calibration::Kind::kPlatt, .slope = 0.3 + random.uniform(), .offset = random.normal()};
      break;
    default:
      model.calibration = {
          .kind = Calibration::Kind::kIsotonic, .knots = {-3.1, -1, 0.3, 2}, .values = {-4, -0.9, 0.1, 2.7}};
  }
  EXPECT_TRUE(check_model(model)) << check_model(model).error().text();
  return model;
}

// On a cut, beside it, anywhere, missing; a known category, an unknown one, blanks around it.
double random_value(Random& random, const Feature& feature, const Characteristic& characteristic) {
  if (random.chance(0.15)) return kMissing;
  if (feature.is_categorical) return static_cast<double>(random.below(feature.categories.size()));
  if (characteristic.cuts.empty() || random.chance(0.3)) return random.normal() * 3;
  const double cut = characteristic.cuts[random.below(characteristic.cuts.size())];
  const double beside[] = {cut, std::nextafter(cut, 1e9), std::nextafter(cut, -1e9)};
  return beside[random.below(3)];
}

std::string text_of(Random& random, const Feature& feature, double value) {
  if (!std::isnan(value)) return (random.chance(0.2) ? "  " : "") + feature.categories[static_cast<size_t>(value)];
  return random.chance(0.5) ? "of no training row" : "";
}

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string table_for(const Model& model) {
  std::string columns = "number INTEGER";
  for (const auto& feature : model.features) {
    columns += ", " + quoted(feature.name) + (feature.is_categorical ? " VARCHAR" : " DOUBLE PRECISION");
  }
  return "CREATE TABLE applications (" + columns + ")";
}

struct Answer {
  int64_t points;
  double probability;
};

// One connection to a database that a warehouse could be.
class Warehouse {
 public:
  virtual ~Warehouse() = default;
  virtual void run(const std::string& sql) = 0;
  // Row `number`: texts are null where the cell is.
  virtual void add(int number, const Model& model, const std::vector<std::optional<std::string>>& texts,
                   const std::vector<double>& values) = 0;
  virtual Answer ask(const std::string& sql, int number) = 0;
};

std::string insert_for(const Model& model, const std::function<std::string(size_t)>& place) {
  std::string places = place(0);
  for (size_t j = 0; j < model.features.size(); ++j) places += ", " + place(j + 1);
  return "INSERT INTO applications VALUES (" + places + ")";
}

class Sqlite final : public Warehouse {
 public:
  Sqlite() {
    EXPECT_EQ(sqlite3_open(":memory:", &database_), SQLITE_OK);
    // The program's own SQLite is built without the mathematical functions that every other has.
    sqlite3_create_function(
        database_, "exp", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
        [](sqlite3_context* context, int, sqlite3_value** values) {
          sqlite3_result_double(context, std::exp(sqlite3_value_double(values[0])));
        },
        nullptr, nullptr);
  }
  ~Sqlite() override { sqlite3_close(database_); }
  void run(const std::string& sql) override {
    EXPECT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_) << sql;
  }
  void add(int number, const Model& model, const std::vector<std::optional<std::string>>& texts,
           const std::vector<double>& values) override {
    sqlite3_stmt* statement = nullptr;
    const auto sql = insert_for(model, [](size_t) { return "?"; });
    ASSERT_EQ(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
    sqlite3_bind_int(statement, 1, number);
    for (size_t j = 0; j < values.size(); ++j) {
      const int at = static_cast<int>(j) + 2;
      if (texts[j])
        sqlite3_bind_text(statement, at, texts[j]->c_str(), -1, SQLITE_TRANSIENT);
      else if (!model.features[j].is_categorical && !std::isnan(values[j]))
        sqlite3_bind_double(statement, at, values[j]);
    }
    EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
  }
  Answer ask(const std::string& sql, int number) override {
    sqlite3_stmt* statement = nullptr;
    const auto whole = fmt::format("SELECT amity_points, amity_probability FROM ({}) s WHERE number = {}", sql, number);
    EXPECT_EQ(sqlite3_prepare_v2(database_, whole.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_) << whole;
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const Answer answer{sqlite3_column_int64(statement, 0), sqlite3_column_double(statement, 1)};
    sqlite3_finalize(statement);
    return answer;
  }

 private:
  sqlite3* database_ = nullptr;
};

class Postgresql final : public Warehouse {
 public:
  explicit Postgresql(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    EXPECT_EQ(PQstatus(connection_), CONNECTION_OK) << PQerrorMessage(connection_);
  }
  ~Postgresql() override { PQfinish(connection_); }
  void run(const std::string& sql) override { PQclear(must(PQexec(connection_, sql.c_str()))); }
  void add(int number, const Model& model, const std::vector<std::optional<std::string>>& texts,
           const std::vector<double>& values) override {
    std::vector<std::optional<std::string>> cells = {std::to_string(number)};
    for (size_t j = 0; j < values.size(); ++j) {
      const bool is_number = !model.features[j].is_categorical && !std::isnan(values[j]);
      cells.push_back(is_number ? fmt::format("{}", values[j]) : texts[j]);
    }
    std::vector<const char*> pointers;
    for (const auto& cell : cells) pointers.push_back(cell ? cell->c_str() : nullptr);
    const auto sql = insert_for(model, [](size_t i) { return fmt::format("${}", i + 1); });
    PQclear(must(PQexecParams(connection_, sql.c_str(), static_cast<int>(pointers.size()), nullptr, pointers.data(),
                              nullptr, nullptr, 0)));
  }
  Answer ask(const std::string& sql, int number) override {
    const auto whole = fmt::format("SELECT amity_points, amity_probability FROM ({}) s WHERE number = {}", sql, number);
    PGresult* result = must(PQexec(connection_, whole.c_str()));
    const Answer answer{std::stoll(PQgetvalue(result, 0, 0)), std::stod(PQgetvalue(result, 0, 1))};
    PQclear(result);
    return answer;
  }

 private:
  PGresult* must(PGresult* result) {
    const auto status = PQresultStatus(result);
    EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << PQerrorMessage(connection_);
    return result;
  }
  PGconn* connection_;
};

void compare(Warehouse& warehouse, uint64_t seed, int cards) {
  Random random(seed);
  for (int round = 0; round < cards; ++round) {
    SCOPED_TRACE(fmt::format("seed {}, card {}", seed, round));
    const auto model = random_card(random);
    auto sql = scorecard_sql(model);
    ASSERT_TRUE(sql) << sql.error().text();
    sql->resize(sql->rfind(';'));
    warehouse.run("DROP TABLE IF EXISTS applications");
    warehouse.run(table_for(model));
    for (int number = 0; number < 20; ++number) {
      std::vector<double> row;
      std::vector<std::optional<std::string>> texts;
      for (size_t j = 0; j < model.features.size(); ++j) {
        const auto& feature = model.features[j];
        row.push_back(random_value(random, feature, model.scorecard->characteristics[j]));
        texts.emplace_back();
        if (feature.is_categorical && !random.chance(0.1)) texts.back() = text_of(random, feature, row.back());
        if (feature.is_categorical && !texts.back()) row.back() = kMissing;
      }
      warehouse.add(number, model, texts, row);
      const auto expected = model.score(row);
      const auto answer = warehouse.ask(*sql, number);
      ASSERT_EQ(answer.points, *expected.points) << *sql;
      ASSERT_NEAR(answer.probability, expected.probability, 1e-12);
    }
  }
}

TEST(ScorecardSql, gives_the_points_of_the_model_in_sqlite) {
  Sqlite warehouse;
  compare(warehouse, 1, 100);
}

class ScorecardSqlOnBoth : public store::DatabaseTest {};

TEST_P(ScorecardSqlOnBoth, gives_the_points_of_the_model) {
  if (options().url.starts_with("sqlite:")) GTEST_SKIP() << "in memory, above";
  Postgresql warehouse(options().url);
  compare(warehouse, 2, 40);
}

AMITY_ON_BOTH_DATABASES(ScorecardSqlOnBoth);

}  // namespace
}  // namespace amity::models
