#include "app/progress.h"

#include <unistd.h>

#include <iostream>

#include "app/words.h"
#include "base/clock.h"

namespace amity::app {

Progress::Progress(std::string text) : text_(std::move(text)), is_terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (is_terminal_ && shown_us_ > 0) std::cerr << "\r\033[K" << std::flush;
}

void Progress::at(int64_t done, int64_t total) {
  const int64_t now_us = SystemClock().now().us;
  if (!is_terminal_ || now_us - shown_us_ < 200'000) return;
  shown_us_ = now_us;
  const auto percent = std::to_string(total > 0 ? done * 100 / total : 100);
  std::cerr << "\r\033[K" << filled(text_, {{"done", grouped(done)}, {"total", grouped(total)}, {"percent", percent}})
            << std::flush;
}

std::string grouped(int64_t number) {
  const auto digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool begins_group = i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0;
    if (begins_group) text += ',';
    text += digits[i];
  }
  return text;
}

Elapsed::Elapsed(std::string text) : text_(std::move(text)) {
  if (isatty(STDERR_FILENO) == 1) thread_ = std::thread([this] { run(); });
}

Elapsed::~Elapsed() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  over_.notify_all();
  thread_.join();
}

void Elapsed::run() {
  std::unique_lock lock(mutex_);
  int second = 0;
  while (!over_.wait_for(lock, std::chrono::seconds(1), [this] { return is_over_; })) {
    if (++second <= 1) continue;
    std::cerr << "\r\033[K" << filled(text_, {{"seconds", std::to_string(second)}}) << std::flush;
  }
  if (second > 1) std::cerr << "\r\033[K" << std::flush;
}

}  // namespace amity::app
