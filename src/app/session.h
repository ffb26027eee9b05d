// One command's way to the engine: in this process, or through the REST of the server that holds the database.
//
// Either way a command sends the same requests and gets the same answers, under the same permissions. Who can read the
// key file acts as the local operator; `--as NAME` acts as that person, who gives their own password.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "api/client.h"
#include "api/first_answers.h"
#include "app/command_line.h"
#include "app/engine.h"
#include "app/words.h"

namespace amity::app {

std::string language_of(const CommandLine& line);

class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const CommandLine& line, const Clock& clock);

  // The answer of a route; its problem as an error. POSTs carry an Idempotency-Key of their own, or `key`.
  Result<json::value> call(api::Method method, const std::string& target, const json::value& body = nullptr,
                           const std::string& key = "");
  // Lets events walk: straight through the pipeline here, through POST /v1/events there.
  std::vector<Answer> submit(const std::vector<events::Event>& events);

  // Null where a server holds the database.
  Engine* engine() { return engine_.get(); }
  // For what cannot be done from outside: unavailable, saying so.
  Result<Engine*> engine_needed(std::string_view what);
  const security::Caller& caller() const { return caller_; }
  const CommandLine& line() const { return line_; }
  std::string language() const { return language_of(line_); }
  const Words& words() const { return words_; }

 private:
  explicit Session(const CommandLine& line) : line_(line) {}
  Result<void> connect(const Configuration& configuration, const std::string& address);
  Result<void> become(const std::string& name);
  std::vector<Answer> submit_over_http(std::span<const events::Event> events);

  CommandLine line_;
  Words words_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<api::Metrics> metrics_;
  std::unique_ptr<api::FirstAnswers> first_answers_;
  std::unique_ptr<api::Router> router_;
  std::unique_ptr<api::Transport> transport_;
  security::Caller caller_;
  std::string authorization_;
  api::HttpTarget target_;
};

// Another process has the database open: the lease's conflict has no place of the input, only what the holder
// announced, which is nothing at first.
bool is_held_elsewhere(const Error& error);
// For a command that needs it itself: unavailable, as it may be free later.
template <class T>
Result<T> unless_held(Result<T> opened) {
  if (!opened && is_held_elsewhere(opened.error())) opened.error().code = Code::kUnavailable;
  return opened;
}
// Not echoed; from AMITY_PASSWORD where it is set, as where nobody sits at the keyboard.
Result<std::string> ask_password(const std::string& question);
// The settings of the line, the environment and the file.
Result<Configuration> configuration_of(const CommandLine& line);

// The file, readable by its owner only, with the token by which the local operator is known to a running server.
std::string operator_token_path(const Configuration& configuration);

}  // namespace amity::app
