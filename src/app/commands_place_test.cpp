// The built program where it stands: its environment, its keys, what is known already, and who is asked.
#include "app/program_fixture.h"

namespace amity::app {
namespace {

// A core system that was read under another mapping names its accounts again.
TEST_F(Commands, openings_that_contradict_the_first_import_are_refused_with_their_line_and_repeats_are_taken) {
  make_bank();
  write("files/people.csv", "id,name,since\np1,Ann,2020-01-01\np2,Bea,2020-01-01\n");
  write("files/accounts.csv", "id,who,since,money\na1,p1,2020-01-01,CNY\na2,p2,2020-01-01,CNY\n");
  const auto mapping = [&](const std::string& source) {
    return write(source + ".yaml", "mapping: 1\nsource: " + source + R"(
snapshot: 2020-12-31
files:
  - file: people.csv
    key: id
    events: [{type: customer.registered, subject: id, time: since, data: {name: name}}]
  - file: accounts.csv
    key: id
    joins: [{name: owner, file: people.csv, key: id, by: who}]
    events:
      - type: account.opened
        subject: id
        time: since
        data: {type: {constant: deposit}, currency: money, holders: {each: owner, customer: owner.id, role: {constant: owner}}}
)");
  };
  expect(0, "4 events in the log", "import files --mapping " + mapping("first"));
  expect(0, "4 events in the log", "import files --mapping " + mapping("first"));
  write("files/accounts.csv", "id,who,since,money\na1,p1,2020-01-01,CNY\na2,p2,2020-01-01,USD\n");
  expect(1, "3 events in the log", "import files --rejects out.csv --mapping " + mapping("second"));
  std::ifstream file(folder_ / "out.csv");
  const std::string rejects(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(rejects.find("\"accounts.csv\",3,\"/data/currency\",\"the account is open already"), std::string::npos)
      << rejects;
  expect(0, "0 differences", "rebuild --check");
}

}  // namespace
}  // namespace amity::app
