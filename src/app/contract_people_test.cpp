// Users, sessions, passwords and API keys: every documented answer is given as documented.
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "app/contract_fixture.h"

namespace amity::app {
namespace {

// A disk that takes nothing more from this process.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit nothing{0, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &nothing);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

class ContractOfPeople : public Contract {
 protected:
  // A user added, with a password, signed in.
  std::string token_of(const std::string& name, const std::vector<std::string>& roles) {
    const json::object user{{"name", name}, {"roles", json::array(roles.begin(), roles.end())}};
    const auto added = post(201, "/v1/users", "/v1/users", user);
    const json::object redemption{
        {"name", name}, {"one_time_code", added.at("one_time_code")}, {"new_password", "correct horse battery"}};
    const auto signed_in = post(201, "/v1/passwords", "/v1/passwords", redemption);
    return std::string(signed_in.at("token").as_string());
  }

  void manage_users() {
    const auto added =
        post(201, "/v1/users", "/v1/users", json::object{{"name", "li.na"}, {"roles", {"risk_analyst"}}});
    post(409, "/v1/users", "/v1/users", json::object{{"name", "li.na"}, {"roles", {"marketer"}}});
    const auto path = "/v1/users/" + std::string(added.at("user").as_string());
    const Call change{.method = Method::kPatch,
                      .pattern = "/v1/users/{user}",
                      .target = path,
                      .body = json::object{{"roles", {"marketer"}}, {"is_disabled", true}}};
    expect(428, change);
    get("/v1/users/{user}", path);
    auto seen = change;
    seen.etag = last_.header("etag");
    EXPECT_EQ(expect(200, seen).at("is_disabled"), true);
    EXPECT_NE(last_.header("etag"), seen.etag);
    expect(412, seen);
    post(201, "/v1/users/{user}/password-reset", path + "/password-reset");
    EXPECT_EQ(get("/v1/users", "/v1/users").at("users").as_array().size(), 1u);
  }

  void use_sessions_and_keys() {
    const auto first = token_of("wang.fang", {"risk_analyst"});
    const json::object credentials{{"name", "wang.fang"}, {"password", "correct horse battery"}};
    const auto second = std::string(post(201, "/v1/sessions", "/v1/sessions", credentials).at("token").as_string());
    const auto as = [](std::string token, Method method, std::string pattern, std::string target,
                       json::value body = nullptr) {
      return Call{.method = method,
                  .pattern = std::move(pattern),
                  .target = std::move(target),
                  .body = std::move(body),
                  .token = std::move(token)};
    };
    const auto sessions = expect(200, as(first, Method::kGet, "/v1/sessions", "/v1/sessions")).at("sessions");
    ASSERT_EQ(sessions.as_array().size(), 2u);
    expect(204, as(second, Method::kDelete, "/v1/sessions/current", "/v1/sessions/current"));
    const json::object asked{
        {"label", "reports"}, {"scopes", {"read_models"}}, {"expires", format(clock_.now() + days(30))}};
    const auto made = expect(201, as(first, Method::kPost, "/v1/api-keys", "/v1/api-keys", asked));
    const auto key = std::string(made.at("key").as_string());
    const auto key_path = "/v1/api-keys/" + std::string(made.at("id").as_string());
    expect(200, as(first, Method::kGet, "/v1/api-keys", "/v1/api-keys"));
    expect(200, as(key, Method::kGet, "/v1/models", "/v1/models"));

    // An API key is no session: it makes no keys, ends nothing and changes no password.
    const json::object passwords{{"old_password", "correct horse battery"}, {"new_password", "battery horse correct"}};
    expect(403, as(key, Method::kPost, "/v1/api-keys", "/v1/api-keys", asked));
    expect(403, as(key, Method::kDelete, "/v1/api-keys/{key}", key_path));
    expect(403, as(key, Method::kDelete, "/v1/sessions/current", "/v1/sessions/current"));
    expect(403, as(key, Method::kDelete, "/v1/sessions/{session}", "/v1/sessions/" + format(Uuid{})));
    expect(403, as(key, Method::kPut, "/v1/passwords/current", "/v1/passwords/current", passwords));

    expect(404, as(first, Method::kDelete, "/v1/api-keys/{key}", "/v1/api-keys/" + format(Uuid{})));
    expect(404, as(first, Method::kDelete, "/v1/sessions/{session}", "/v1/sessions/" + format(Uuid{})));
    expect(204, as(first, Method::kDelete, "/v1/api-keys/{key}", key_path));
    const json::object wrong{{"old_password", "battery"}, {"new_password", "battery horse correct"}};
    expect(401, as(first, Method::kPut, "/v1/passwords/current", "/v1/passwords/current", wrong));
    const json::object weak{{"old_password", "correct horse battery"}, {"new_password", "12345678"}};
    expect(422, as(first, Method::kPut, "/v1/passwords/current", "/v1/passwords/current", weak));
    expect(204, as(first, Method::kPut, "/v1/passwords/current", "/v1/passwords/current", passwords));

    const auto one = token_of("zhang.wei", {"marketer"});
    const auto list = expect(200, as(one, Method::kGet, "/v1/sessions", "/v1/sessions")).at("sessions");
    const auto id = std::string(list.at_pointer("/0/id").as_string());
    expect(204, as(one, Method::kDelete, "/v1/sessions/{session}", "/v1/sessions/" + id));
  }

  // Both have shown the old password when the first of them replaces it. Where a busy machine lets one finish before
  // the other begins, they try again.
  void change_a_password_twice_at_once() {
    const std::string target = "/v1/passwords/current";
    std::string password = "correct horse battery";
    std::ignore = token_of("zhao.lei", {"marketer"});
    for (int round = 0; round < 20 && !given_.contains("put " + target + " 409"); ++round) {
      const auto next = "correct horse battery " + std::to_string(round);
      std::array<api::Request, 2> requests;
      std::array<api::Response, 2> responses;
      for (auto& request : requests) {
        const json::object credentials{{"name", "zhao.lei"}, {"password", password}};
        const auto signed_in = post(201, "/v1/sessions", "/v1/sessions", credentials);
        request = request_of({.method = Method::kPut,
                              .pattern = target,
                              .target = target,
                              .body = json::object{{"old_password", password}, {"new_password", next}},
                              .token = std::string(signed_in.at("token").as_string())});
      }
      std::thread other([&] { responses[1] = router_->handle(requests[1]); });
      responses[0] = router_->handle(requests[0]);
      other.join();
      for (size_t i = 0; i < 2; ++i) {
        if (responses[i].status == 409) expect(409, target, requests[i], responses[i]);
      }
      EXPECT_EQ(std::ranges::count(responses, 204, &api::Response::status), 1);
      password = next;
    }
  }

  // Five tries are free; the one after locks, and then nobody is even looked at.
  void lock_out(const std::string& route, const json::object& guess) {
    for (int i = 0; i < 6; ++i) post(401, route, route, guess);
    post(429, route, route, guess);
  }

  void refuse_what_only_some_routes_refuse() {
    lock_out("/v1/sessions", {{"name", "nobody"}, {"password", "correct horse battery"}});
    lock_out("/v1/passwords", {{"name", "no.one"}, {"one_time_code", "a"}, {"new_password", "correct horse battery"}});
    const auto added = post(201, "/v1/users", "/v1/users", json::object{{"name", "new"}, {"roles", {"marketer"}}});
    post(422, "/v1/passwords", "/v1/passwords",
         json::object{{"name", "new"}, {"one_time_code", added.at("one_time_code")}, {"new_password", "12345678"}});
  }

  // The server says of every change what it says when its disk is full.
  void fill_the_disk_of_postgresql() {
    const auto script = folder() / "full_disk.sql";
    std::ofstream(script) << R"(
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON %I EXECUTE FUNCTION refuse()', name);
  END LOOP;
END $$;
)";
    std::ignore = store::output_of(
        fmt::format("psql -q -X -v ON_ERROR_STOP=1 '{}' -f '{}' > /dev/null", options().url, script.string()));
  }

  // The last of all: whatever is written afterwards is refused.
  void meet_a_full_disk() {
    if (!is_sqlite()) fill_the_disk_of_postgresql();
    const FullDisk full;
    post(503, "/v1/sessions", "/v1/sessions",
         json::object{{"name", "somebody"}, {"password", "correct horse battery"}});
    post(503, "/v1/passwords", "/v1/passwords",
         json::object{{"name", "somebody"}, {"one_time_code", "a"}, {"new_password", "correct horse battery"}});
  }
};

TEST_P(ContractOfPeople, every_documented_answer_is_given_as_documented) {
  manage_users();
  for (const auto* path : {"/v1/users", "/v1/sessions", "/v1/api-keys"}) get(path, path);
  use_sessions_and_keys();
  refuse_what_only_some_routes_refuse();
  change_a_password_twice_at_once();
  refuse_what_all_refuse(kPeople);
  meet_a_full_disk();
  expect_all_given(kPeople);
}

AMITY_ON_BOTH_DATABASES(ContractOfPeople);

}  // namespace
}  // namespace amity::app
