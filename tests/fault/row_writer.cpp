// Writes rows through the store from several threads and says on standard output what was acknowledged: the victim of
// the fault tests.
//
//   row_writer DATABASE_PATH full|normal ROWS_PER_THREAD
//
// "opened", then "ack ID" a line for each acknowledged row. When a write is refused: "refused", after having seen that
// health says why and that nothing is taken any more; then, where the refusal was a full disk, a file `space-again` is
// made beside the database and "healed" follows once a row is taken again.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "tests/fault/rows.h"

namespace {

using namespace amity;

void say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::exit(2);
}

void write_rows(store::Database& database, int64_t first, int64_t count, std::atomic<bool>& is_refused) {
  for (int64_t id = first; id < first + count && !is_refused; ++id) {
    if (fault::add_row(database, id)) {
      say("ack " + std::to_string(id));
    } else {
      is_refused = true;
    }
  }
}

// After a refusal nothing may be taken until the cause is gone.
int after_refusal(store::Database& database, const std::filesystem::path& folder) {
  const auto health = database.health();
  if (health) return 4;
  if (fault::add_row(database, 999'999'999)) return 5;
  say("refused: " + health.error().message);
  if (health.error().message.find("full") == std::string::npos) return 0;
  std::ofstream(folder / "space-again") << "now";
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (!fault::add_row(database, 888'888'888)) continue;
    say("ack 888888888");
    say("healed");
    return 0;
  }
  return 6;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const std::string path = arguments[1];
  const auto database =
      store::open_database(fault::options_for("sqlite:" + path, arguments[2] == std::string("normal")));
  if (!database) {
    std::fprintf(stderr, "%s\n", database.error().text().c_str());
    return 3;
  }
  say("opened");
  std::atomic<bool> is_refused = false;
  std::vector<std::thread> threads;
  for (int64_t t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] { write_rows(**database, t * 1'000'000, std::atoll(arguments[3]), is_refused); });
  }
  for (auto& thread : threads) thread.join();
  return is_refused ? after_refusal(**database, std::filesystem::path(path).parent_path()) : 0;
}
