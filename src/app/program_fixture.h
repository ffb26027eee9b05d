// For tests: the built program, run in a folder of its own with nothing in its environment.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/crypto.h"

namespace amity::app {

namespace fs = std::filesystem;

struct Ended {
  int code = -1;  // 128 and the signal where one ended it
  std::string output;
};

class Commands : public testing::Test {
 protected:
  Commands() { fs::create_directories(folder_); }
  ~Commands() override { fs::remove_all(folder_); }

  Ended run(const std::string& arguments, const std::string& environment = "") const {
    const auto line = "cd " + folder_.string() + " && env -i " + environment + " " + AMITY_PROGRAM + " --database " +
                      database_ + " " + arguments + " 2>&1 </dev/null";
    FILE* const pipe = popen(line.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    Ended ended;
    std::array<char, 4096> buffer{};
    for (size_t size = 0; (size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      ended.output.append(buffer.data(), size);
    }
    const int status = pclose(pipe);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended;
  }

  void expect(int code, const std::string& words, const std::string& arguments, const std::string& environment = "") {
    const auto ended = run(arguments, environment);
    EXPECT_EQ(ended.code, code) << arguments << '\n' << ended.output;
    EXPECT_NE(ended.output.find(words), std::string::npos) << arguments << '\n' << ended.output;
  }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return name;
  }

  // A bank with one officer, who has no password yet.
  void make_bank() {
    fs::create_directories(folder_ / "files");
    expect(0, "", "user add officer --roles risk_analyst");
  }

  std::string database_ = "sqlite:bank.db";
  fs::path folder_ = fs::temp_directory_path() / ("amity_commands_" + to_hex(random_bytes(8)));
};

}  // namespace amity::app
