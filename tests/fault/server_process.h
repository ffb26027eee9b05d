// The real program as a process of its own: started, spoken to over HTTP, stopped, killed.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "api/client.h"
#include "base/check.h"
#include "base/crypto.h"
#include "store/database_fixture.h"

namespace amity::fault {

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

// A data folder and, beside it, what the program wrote to standard error.
class Bank {
 public:
  Bank() { std::filesystem::create_directory(data()); }

  std::filesystem::path data() const { return folder_.path() / "data"; }
  std::filesystem::path log() const { return folder_.path() / "stderr"; }
  std::string url() const { return url_.empty() ? "sqlite:" + (data() / "amity.db").string() : url_; }
  // A PostgreSQL database instead; keys and key file stay in the data folder.
  void use(const std::string& url) { url_ = url; }
  // The shipped institution with these duties of retention; without any, an erasure is one at once.
  void use_duties(const std::string& yaml) const {
    const auto folder = institution();
    std::filesystem::copy(AMITY_SOURCE_DIR "/institution", folder,
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    std::ofstream(folder / "retention.yaml") << yaml;
  }
  std::vector<std::string> flags() const {
    auto flags = flags_of_places();
    if (std::filesystem::exists(institution())) flags.insert(flags.end(), {"--institution", institution().string()});
    return flags;
  }
  // Where a running server left the local operator's token: beside an SQLite database, else beside its key store.
  std::string operator_token() const { return content_of(data() / "amity.db.operator"); }

 private:
  std::filesystem::path institution() const { return folder_.path() / "institution"; }
  std::vector<std::string> flags_of_places() const {
    if (url_.empty()) return {"--database", url()};
    const auto beside = (data() / "amity.db").string();
    return {"--database",    url_,
            "--keys",        "sqlite:" + beside + ".keys",
            "--key-file",    beside + ".key",
            "--checkpoints", beside + ".checkpoints"};
  }

  store::TemporaryFolder folder_;
  std::string url_;
};

using Settings = std::map<std::string, std::string>;  // environment variables

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMayPreload = false;
#else
constexpr bool kMayPreload = true;
#endif

// With the failing disk of storage_shim.c under the bank's files.
inline Settings shim_of(const Bank& bank, Settings settings) {
  settings["LD_PRELOAD"] = AMITY_STORAGE_SHIM;
  settings["AMITY_SHIM_FOLDER"] = bank.data().string();
  return settings;
}

// `amity ARGUMENTS` with the bank's flags.
class Process {
 public:
  Process(const Bank& bank, std::vector<std::string> arguments, const Settings& settings = {}) {
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    arguments.insert(arguments.begin(),
                     {"/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", bank.data().string(), AMITY_PROGRAM});
    for (auto& flag : bank.flags()) arguments.push_back(flag);
    std::vector<std::string> environment;
    if (!settings.contains("AMITY_SETTLE_EVENTS")) environment.push_back("AMITY_SETTLE_EVENTS=60");  // among the faults
    for (const auto& [name, value] : settings) environment.push_back(name + "=" + value);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, bank.log().c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    CHECK(posix_spawn(&id_, "/bin/sh", &actions, nullptr, pointers_to(arguments).data(),
                      pointers_to(environment).data()) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Process() {
    if (!is_over_) signal(SIGKILL), wait();
    ::close(output_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // What it says until `mark` has been said, or it ends. Empty: it ended (or said nothing for so long) before.
  std::string read_until(std::string_view mark, int patience_ms = 60'000) {
    while (said_.find(mark) == std::string::npos) {
      pollfd waiting{output_, POLLIN, 0};
      char buffer[4096];
      if (poll(&waiting, 1, patience_ms) <= 0) return "";
      const ssize_t size = ::read(output_, buffer, sizeof buffer);
      if (size <= 0) return "";
      said_.append(buffer, static_cast<size_t>(size));
    }
    return said_;
  }
  std::string read_all() {
    read_until("\x01", -1);  // never said
    return said_;
  }
  void signal(int number) const { ::kill(id_, number); }
  // Exit status; 128 + signal.
  int wait() {
    if (is_over_) return status_;
    int status = 0;
    CHECK(waitpid(id_, &status, 0) == id_);
    is_over_ = true;
    return status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  static std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
  }

  pid_t id_ = -1;
  int output_ = -1;
  std::string said_;
  bool is_over_ = false;
  int status_ = 0;
};

// The outcome of a command that ends by itself.
struct Outcome {
  int status = 0;
  std::string output;
};
inline Outcome run(const Bank& bank, std::vector<std::string> arguments, const Settings& settings = {}) {
  Process process(bank, std::move(arguments), settings);
  Outcome outcome;
  outcome.output = process.read_all();
  outcome.status = process.wait();
  return outcome;
}

class Server {
 public:
  explicit Server(const Bank& bank, const Settings& settings = {})
      : process_(bank, {"serve", "--listen", "127.0.0.1:0"}, settings) {
    constexpr std::string_view kSays = "Serving on http://127.0.0.1:";
    const auto said = process_.read_until("\n");
    const size_t at = said.find(kSays);
    if (at == std::string::npos) return;
    target_.port = static_cast<uint16_t>(std::atoi(said.c_str() + at + kSays.size()));
    target_.authorization = "Bearer " + bank.operator_token();
    target_.timeout = seconds(30);
  }

  // Whether it came so far as to serve.
  bool has_served() const { return target_.port != 0; }
  const api::HttpTarget& target() const { return target_; }
  Process& process() { return process_; }

  Result<api::Response> get(const std::string& path) const { return send(api::Method::kGet, path, "", ""); }
  // With an Idempotency-Key of its own, or this one.
  Result<api::Response> post(const std::string& path, const std::string& body, const std::string& key = "") const {
    return send(api::Method::kPost, path, body, key.empty() ? to_base64url(random_bytes(18)) : key);
  }
  bool is_ready() const {
    const auto ready = get("/readyz");
    return ready && ready->status == 200;
  }
  // Asked to stop, and stopped.
  int stop() {
    process_.signal(SIGTERM);
    return process_.wait();
  }
  int kill() {
    process_.signal(SIGKILL);
    return process_.wait();
  }

 private:
  Result<api::Response> send(api::Method method, const std::string& path, const std::string& body,
                             const std::string& key) const {
    api::Request request;
    request.method = method;
    request.target = path;
    request.body = body;
    if (method == api::Method::kPost) {
      request.headers.push_back({"content-type", "application/json"});
      request.headers.push_back({"idempotency-key", key});
    }
    return api::http_transport(target_)->send(std::move(request));
  }

  Process process_;
  api::HttpTarget target_{.port = 0};
};

}  // namespace amity::fault
