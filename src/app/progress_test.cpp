#include "app/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "base/check.h"

namespace amity::app {
namespace {

constexpr const char* kText = "Reading: {done} of {total}, {percent} %";
const std::string kFresh = "\r\033[K";  // from the beginning of the line, which is wiped

// Standard error is a terminal, or a pipe, for as long as this lives.
class StandardError {
 public:
  explicit StandardError(bool is_terminal) : before_(dup(STDERR_FILENO)) {
    std::array<int, 2> ends{-1, -1};  // to read from, to write to
    if (is_terminal) {
      ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
      CHECK(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
      ends[1] = ::open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
    } else {
      CHECK(pipe(ends.data()) == 0);
    }
    CHECK(ends[1] >= 0);
    written_ = ends[0];
    dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }
  ~StandardError() {
    dup2(before_, STDERR_FILENO);
    ::close(before_);
    ::close(written_);
  }
  StandardError(const StandardError&) = delete;

  // What was written since the last call.
  std::string text() const {
    std::string text;
    std::array<char, 4096> buffer{};
    pollfd one{.fd = written_, .events = POLLIN, .revents = 0};
    while (poll(&one, 1, 20) == 1 && (one.revents & POLLIN) != 0) {
      text.append(buffer.data(), static_cast<size_t>(read(written_, buffer.data(), buffer.size())));
    }
    return text;
  }

 private:
  int before_;
  int written_ = -1;
};

void wait_ms(int count) { std::this_thread::sleep_for(std::chrono::milliseconds(count)); }

TEST(Progress, stands_on_one_line_of_a_terminal_is_renewed_now_and_then_and_leaves_nothing_behind) {
  const StandardError error(true);
  {
    Progress progress(kText);
    progress.at(17'000, 93'000);
    EXPECT_EQ(error.text(), kFresh + "Reading: 17,000 of 93,000, 18 %");
    progress.at(17'001, 93'000);  // too soon to be read
    EXPECT_EQ(error.text(), "");
    wait_ms(250);
    progress.at(93'000, 93'000);
    EXPECT_EQ(error.text(), kFresh + "Reading: 93,000 of 93,000, 100 %");
  }
  EXPECT_EQ(error.text(), kFresh);
}

TEST(Progress, of_nothing_is_whole) {
  const StandardError error(true);
  Progress progress(kText);
  progress.at(0, 0);
  EXPECT_EQ(error.text(), kFresh + "Reading: 0 of 0, 100 %");
}

TEST(Progress, is_wiped_before_something_else_is_printed_and_not_where_it_never_stood) {
  const StandardError error(true);
  {
    const Progress never_shown(kText);
  }
  EXPECT_EQ(error.text(), "");
  Progress progress(kText);
  progress.at(1, 4);
  progress.clear();
  EXPECT_EQ(error.text(), kFresh + "Reading: 1 of 4, 25 %" + kFresh);
}

TEST(Progress, is_silent_where_standard_error_is_no_terminal) {
  const StandardError error(false);
  {
    Progress progress(kText);
    progress.at(0, 0);
    progress.at(17'000, 93'000);
    progress.clear();
    const Elapsed elapsed("Working: {seconds} s");
    wait_ms(2300);
  }
  EXPECT_EQ(error.text(), "");
}

TEST(Elapsed, shows_on_a_terminal_from_the_second_second_on_and_leaves_nothing_behind) {
  const StandardError error(true);
  {
    const Elapsed quick("Working: {seconds} s");
  }
  EXPECT_EQ(error.text(), "");
  {
    const Elapsed elapsed("Working: {seconds} s");
    wait_ms(1300);
    EXPECT_EQ(error.text(), "");
    wait_ms(1000);
  }
  EXPECT_EQ(error.text(), kFresh + "Working: 2 s" + kFresh);
}

TEST(Grouped, has_a_comma_every_three_digits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(93'000), "93,000");
  EXPECT_EQ(grouped(-100), "-100");
  EXPECT_EQ(grouped(-1'234'567), "-1,234,567");
}

}  // namespace
}  // namespace amity::app
