#include "app/session.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "api/first_answers.h"
#include "api/problem.h"
#include "app/progress.h"
#include "base/log.h"
#include "events/decode.h"

namespace amity::app {
namespace {

using api::Method;

std::string random_key() { return to_base64url(random_bytes(18)); }

// A server that listens on every address of the machine is reached on its loopback.
std::string reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

// "http://127.0.0.1:8080" or "https://0.0.0.0:8443#" with the fingerprint of the certificate, as the server announced
// it. The certificate is known by that, because it is made out to a name that need not be this machine's.
Result<api::HttpTarget> target_of(const std::string& announced) {
  const size_t hash = std::min(announced.find('#'), announced.size());
  const auto address = announced.substr(0, hash);
  const size_t host = address.find("://") + 3;
  const size_t colon = address.rfind(':');
  if (!address.starts_with("http") || colon == std::string::npos || colon < host) {
    return fail(Code::kUnavailable, "another process has the database open and does not serve: wait until it ends");
  }
  api::HttpTarget target;
  target.host = reachable(address.substr(host, colon - host));
  target.certificate_fingerprint = announced.substr(std::min(hash + 1, announced.size()));
  target.port = static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1));
  target.timeout = minutes(60);  // a training may take long
  if (address.starts_with("https") && target.certificate_fingerprint.empty()) {
    return fail(Code::kUnavailable, "the server says nothing of its certificate: start it again");
  }
  return target;
}

// These may begin a new database; any other command would only make an empty one of a mistyped name.
bool may_begin(const CommandLine& line) {
  for (const auto* command : {"import", "simulate", "demo", "user add"}) {
    if (line.command == command) return true;
  }
  return line.command == "train" && !line.value("data").empty();
}

Result<void> check_there_is_a_database(const CommandLine& line, const Configuration& configuration) {
  constexpr std::string_view kFile = "sqlite:";
  if (may_begin(line)) return {};
  if (!configuration.is_file()) {
    const auto& keys = configuration.keys;
    if (!keys.starts_with(kFile) || std::filesystem::exists(keys.substr(kFile.size()))) return {};
    return not_found(
        "there is no key store: name the one made with this database by --keys, and its key file by "
        "--key-file",
        keys.substr(kFile.size()));
  }
  if (std::filesystem::exists(configuration.data_path())) return {};
  return not_found("there is no database: amity import, simulate, demo or serve makes one; --database names another",
                   configuration.database);
}

// What the pipeline of the server said of one event, with its field.
Error error_of(const json::object& problem) {
  api::Response response;
  response.status = static_cast<int>(problem.at("status").as_int64());
  response.body = write_json(problem);
  return api::error_of_problem(response);
}

}  // namespace

bool is_held_elsewhere(const Error& error) {
  return error.code == Code::kConflict && (error.place.empty() || error.place.starts_with("http"));
}

std::string language_of(const CommandLine& line) { return line.value("language", "en"); }

Result<std::string> ask_password(const std::string& question) {
  if (const char* given = std::getenv("AMITY_PASSWORD")) return std::string(given);
  if (isatty(STDIN_FILENO) == 0) {
    return fail(Code::kUnauthenticated, "no password: set AMITY_PASSWORD or run this where it can be asked for");
  }
  std::cerr << question << ": " << std::flush;
  termios before{};
  tcgetattr(STDIN_FILENO, &before);
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  std::string password;
  std::getline(std::cin, password);
  tcsetattr(STDIN_FILENO, TCSANOW, &before);
  std::cerr << '\n';
  return password;
}

Result<Configuration> configuration_of(const CommandLine& line) {
  const auto look_up = [](const char* name) -> const char* { return std::getenv(name); };
  return read_configuration(line.settings, look_up, line.configuration_file);
}

std::string operator_token_path(const Configuration& configuration) { return configuration.data_path() + ".operator"; }

Result<std::unique_ptr<Session>> Session::open(const CommandLine& line, const Clock& clock) {
  set_log_level(Level::kWarn);  // a person sits here; the server logs its requests
  std::unique_ptr<Session> session(new Session(line));
  const auto configuration = TRY(configuration_of(line));
  TRY(check_there_is_a_database(line, configuration));
  session->words_ = TRY(Words::read(configuration.institution, session->language()));
  auto engine = Engine::open(configuration, clock);
  if (engine) {
    session->engine_ = std::move(*engine);
    session->caller_ = local_operator();
    session->metrics_ = std::make_unique<api::Metrics>();
    session->first_answers_ =
        std::make_unique<api::FirstAnswers>(session->engine_->database(), clock, session->engine_->keys());
    session->router_ = std::make_unique<api::Router>(api::RouterParts{
        .routes = api::rest_routes(session->engine_->services()),
        .authenticate = [users =
                             &session->engine_->users()](std::string_view token) { return users->authenticate(token); },
        .clock = &clock,
        .metrics = session->metrics_.get(),
        .first_answers = session->first_answers_.get()});
  } else if (is_held_elsewhere(engine.error())) {
    TRY(session->connect(configuration, engine.error().place));
  } else {
    return std::unexpected(engine.error());
  }
  if (const auto name = line.value("as"); !name.empty()) TRY(session->become(name));
  return session;
}

Result<void> Session::connect(const Configuration& configuration, const std::string& address) {
  target_ = TRY(target_of(address));
  std::ifstream in(operator_token_path(configuration));
  std::string token;
  std::getline(in, token);
  if (!token.empty()) target_.authorization = "Bearer " + token;
  transport_ = api::http_transport(target_);
  return {};
}

Result<void> Session::become(const std::string& name) {
  const auto password = TRY(ask_password(words_.say("say.password_of", {{"name", name}})));
  if (engine_) {
    caller_ = TRY(engine_->users().verify_credential(name, password));
    return {};
  }
  const auto signed_in = TRY(call(Method::kPost, "/v1/sessions", json::object{{"name", name}, {"password", password}}));
  target_.authorization = "Bearer " + std::string(signed_in.at("token").as_string());
  transport_ = api::http_transport(target_);
  return {};
}

Result<json::value> Session::call(Method method, const std::string& target, const json::value& body,
                                  const std::string& key) {
  api::Request request;
  request.method = method;
  request.target = target;
  request.headers.push_back({"accept-language", language()});
  if (const auto purpose = line_.value("purpose"); !purpose.empty()) {
    request.headers.push_back({"amity-purpose", purpose});
  }
  if (!body.is_null()) {
    request.body = write_json(body);
    request.headers.push_back({"content-type", "application/json"});
  }
  if (method == Method::kPost) request.headers.push_back({"idempotency-key", key.empty() ? random_key() : key});
  const Elapsed elapsed(words_.say("progress.working"));
  auto answer = api::json_answer(transport_ ? transport_->send(std::move(request))
                                            : api::router_transport(*router_, caller_)->send(std::move(request)));
  if (!answer) answer.error().place = place_in(line_, answer.error().place);
  return answer;
}

std::vector<Answer> Session::submit(const std::vector<events::Event>& events) {
  if (engine_) return engine_->pipeline().submit(caller_, events);
  return submit_over_http(events);
}

// In halves where a request cannot hold them all, or where it is refused as a whole for what one of them says.
std::vector<Answer> Session::submit_over_http(std::span<const events::Event> events) {
  const auto in_halves = [&] {
    auto answers = submit_over_http(events.first(events.size() / 2));
    std::ranges::move(submit_over_http(events.subspan(events.size() / 2)), std::back_inserter(answers));
    return answers;
  };
  json::array documents;
  for (const auto& event : events) documents.push_back(events::encode_event(event));
  if (events.size() > 1 && write_json(documents).size() > events::kMaxBodyBytes) return in_halves();
  const bool is_history = !events.empty() && events.front().is_history;
  auto answer = call(Method::kPost, is_history ? "/v1/events?history=true" : "/v1/events", documents);
  if (!answer && answer.error().code == Code::kInvalid && events.size() > 1) return in_halves();
  if (!answer) return std::vector<Answer>(events.size(), std::unexpected(answer.error()));
  std::vector<Answer> answers;
  for (const auto& result : answer->at("results").as_array()) {
    const auto& object = result.as_object();
    if (const auto* problem = object.if_contains("problem")) {
      answers.push_back(std::unexpected(error_of(problem->as_object())));
    } else {
      answers.push_back(object);
    }
  }
  return answers;
}

Result<Engine*> Session::engine_needed(std::string_view what) {
  if (engine_) return engine_.get();
  return fail(Code::kUnavailable, std::string(what) + " needs the database for itself: stop the server first");
}

}  // namespace amity::app
