// For tests: the built program serving in a folder of its own, and commands beside it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "app/program_fixture.h"

namespace amity::app {

class Served : public Commands {
 protected:
  ~Served() override {
    if (server_ > 0) stop();
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // What the server wrote since it was started, its log included.
  std::string said() const {
    std::ifstream in(path("said"));
    return std::string((std::istreambuf_iterator<char>(in)), {});
  }

  // Runs `amity ARGUMENTS` until it serves.
  void start(std::vector<std::string> arguments) {
    fs::remove(path("said"));  // of the one before
    server_ = fork();
    if (server_ == 0) {
      const int output = ::open(path("said").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(output, STDOUT_FILENO);
      dup2(output, STDERR_FILENO);
      arguments.insert(arguments.begin(), {AMITY_PROGRAM, "--database", database_});
      std::vector<char*> pointers;
      for (auto& argument : arguments) pointers.push_back(argument.data());
      pointers.push_back(nullptr);
      if (chdir(folder_.c_str()) == 0) execv(AMITY_PROGRAM, pointers.data());
      _exit(127);
    }
    for (int i = 0; i < 1200 && said().find("Serving on") == std::string::npos; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ASSERT_NE(said().find("Serving on"), std::string::npos) << said();
  }
  void serve(std::vector<std::string> flags) {
    flags.insert(flags.begin(), "serve");
    start(std::move(flags));
  }
  int stop(int signal = SIGTERM) {
    kill(server_, signal);
    int status = 0;
    waitpid(server_, &status, 0);
    server_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t server_ = -1;
};

}  // namespace amity::app
