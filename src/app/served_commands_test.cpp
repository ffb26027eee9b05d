// Commands of the built program beside a server of it that holds the database: they go through its REST.
#include <fmt/format.h>

#include <atomic>

#include "api/certificate_fixture.h"
#include "app/served_fixture.h"
#include "base/json.h"

namespace amity::app {
namespace {

class ServedCommands : public Served {
 protected:
  ServedCommands() {
    const auto made = run("simulate --customers 5 --days 40");
    EXPECT_EQ(made.code, 0) << made.output;
  }
};

TEST_F(ServedCommands, records_are_rebuilt_by_the_server_that_holds_them) {
  const auto alone = run("rebuild --check --json");
  ASSERT_EQ(alone.code, 0) << alone.output;
  serve({"--listen", "127.0.0.1:0"});
  const auto served = run("rebuild --check --json");
  EXPECT_EQ(served.code, 0) << served.output;
  EXPECT_EQ(served.output, alone.output);
  const auto told = run("rebuild");
  EXPECT_EQ(told.code, 0) << told.output;
  EXPECT_NE(told.output.find("5 customers"), std::string::npos) << told.output;
  EXPECT_NE(told.output.find("0 differences"), std::string::npos) << told.output;
  EXPECT_NE(said().find("/v1/rebuilds"), std::string::npos) << said();  // its access log
}

TEST_F(ServedCommands, a_second_server_and_what_needs_the_database_itself_are_told_to_try_later) {
  serve({"--listen", "127.0.0.1:0"});
  std::ofstream(path("loans.csv")) << "amount,bad\n1,1\n2,0\n";
  for (const auto* command : {"serve --listen 127.0.0.1:0", "train --data loans.csv --target bad --name loans"}) {
    const auto ended = run(command);
    EXPECT_EQ(ended.code, 6) << command << ended.output;
  }
}

// Begun again and again, so that the server is asked to stop, or killed, in the middle of one.
TEST_F(ServedCommands, a_server_ended_while_it_rebuilds_leaves_records_that_need_no_rebuilding) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    serve({"--listen", "127.0.0.1:0"});
    std::atomic<bool> is_over = false;
    std::thread asking([&] {
      while (!is_over) std::ignore = run("rebuild");
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(stop(signal), signal == SIGTERM ? 0 : 128 + SIGKILL);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
    is_over = true;
    asking.join();
    const auto checked = run("rebuild --check");
    EXPECT_EQ(checked.code, 0) << checked.output;
  }
}

// On every address of the machine, with a certificate that is made out to the bank's name.
TEST_F(ServedCommands, a_server_with_tls_on_every_address_is_reached_whatever_its_certificate_is_made_out_to) {
  const auto key = api::new_key();
  api::write_key(path("key.pem"), key.get());
  api::write_certificate(path("certificate.pem"), api::certificate_of(key.get(), "DNS:bank.example").get());
  for (const auto* listen : {"0.0.0.0:0", "127.0.0.1:0"}) {
    serve({"--listen", listen, "--tls-certificate", path("certificate.pem"), "--tls-key", path("key.pem")});
    const auto models = run("model list --json");
    EXPECT_EQ(models.code, 0) << listen << models.output;
    EXPECT_TRUE(parse_json(models.output.substr(0, models.output.find('\n')))) << models.output;
    EXPECT_EQ(run("rebuild --check").code, 0);
    EXPECT_EQ(stop(), 0);
  }
}

// With two and with one event of a batch refused: the server answers a batch of one with its problem alone.
TEST_F(ServedCommands, an_import_tells_the_field_of_a_refused_row_as_it_does_without_a_server) {
  fs::create_directories(folder_ / "files");
  write("mapping.yaml",
        "mapping: 1\nsource: other\nsnapshot: 2020-12-31\nfiles:\n  - file: people.csv\n"
        "    key: id\n    events: [{type: customer.updated, subject: id, time: since, "
        "data: {name: name}}]\n");
  const auto rejects_of = [&](const std::string& rows) {
    write("files/people.csv", "id,name,since\n" + rows);
    const auto ended = run("import files --mapping mapping.yaml --rejects out.csv");
    EXPECT_EQ(ended.code, 1) << ended.output;
    std::ifstream file(path("out.csv"));
    return std::string(std::istreambuf_iterator<char>(file), {}) + ended.output;
  };
  for (const auto* rows : {"n1,Ann,2020-01-01\n", "n1,Ann,2020-01-01\nn2,Bea,2020-01-01\n"}) {
    const auto alone = rejects_of(rows);
    EXPECT_NE(alone.find("\"people.csv\",2,\"/subject\",\""), std::string::npos) << alone;
    serve({"--listen", "127.0.0.1:0"});
    EXPECT_EQ(rejects_of(rows), alone);
    EXPECT_NE(said().find("/v1/events"), std::string::npos) << said();  // it was the server that refused them
    stop();
  }
}

// A request holds 1 MiB.
TEST_F(ServedCommands, an_import_of_rows_longer_than_a_request_takes_together_takes_them_all) {
  fs::create_directories(folder_ / "files");
  write("mapping.yaml",
        "mapping: 1\nsource: other\nsnapshot: 2020-12-31\nfiles:\n  - file: people.csv\n"
        "    key: id\n    events: [{type: customer.registered, subject: id, time: since, "
        "data: {name: name, address: address}}]\n");
  std::string rows = "id,name,address,since\n";
  constexpr int kRows = 600;
  for (int i = 0; i < kRows; ++i) rows += fmt::format("n{},Ann,{},2020-01-01\n", i, std::string(4000, 'a'));
  write("files/people.csv", rows);
  serve({"--listen", "127.0.0.1:0"});
  const auto ended = run("import files --mapping mapping.yaml --json");
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_NE(ended.output.find("\"taken\":600"), std::string::npos) << ended.output;
  stop();
}

}  // namespace
}  // namespace amity::app
