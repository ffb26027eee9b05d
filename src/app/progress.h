// What a person at a terminal sees of long work; silent where standard error is no terminal.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace amity::app {

// "Reading: 17,000 of 93,000, 18 %" on one line, now and then, from "Reading: {done} of {total}, {percent} %".
class Progress {
 public:
  explicit Progress(std::string text);
  ~Progress();
  void at(int64_t done, int64_t total);
  void clear();  // before something else is printed

 private:
  std::string text_;
  bool is_terminal_;
  int64_t shown_us_ = 0;
};

// "Working: 12 s", where how much is left is not known, from "Working: {seconds} s". Shows from the second second on.
class Elapsed {
 public:
  explicit Elapsed(std::string text);
  ~Elapsed();
  Elapsed(const Elapsed&) = delete;

 private:
  void run();

  std::string text_;
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

std::string grouped(int64_t number);  // "93,000"

}  // namespace amity::app
