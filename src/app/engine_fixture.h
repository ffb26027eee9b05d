// For tests: a whole bank of its own in a temporary folder, with the route table it would serve.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "api/client.h"
#include "api/first_answers.h"
#include "app/engine.h"

namespace amity::app {

class EngineTest : public testing::Test {
 protected:
  using Change = std::function<void(Configuration&, const std::filesystem::path& folder)>;
  explicit EngineTest(const Change& change = {}) {
    configuration_.database = "sqlite:" + (folder_ / "amity.db").string();
    configuration_.keys = configuration_.database + ".keys";
    configuration_.key_file = (folder_ / "amity.key").string();
    configuration_.checkpoints = (folder_ / "checkpoints").string();
    std::filesystem::create_directories(folder_);
    if (change) change(configuration_, folder_);
    auto engine = Engine::open(configuration_, clock_);
    EXPECT_TRUE(engine.has_value()) << engine.error().text();
    engine_ = std::move(*engine);
    first_answers_ = std::make_unique<api::FirstAnswers>(engine_->database(), clock_, engine_->keys());
  }
  ~EngineTest() override {
    first_answers_.reset();
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::vector<api::Route> routes() {
    auto routes = api::rest_routes(engine_->services());
    for (auto& route : api::operation_routes([this] { return engine_->health(); }, metrics_)) {
      routes.push_back(std::move(route));
    }
    return routes;
  }

  // Whoever the request brings is believed: these tests are about what a known caller may do.
  api::RouterParts router_parts() {
    return {.routes = routes(),
            .authenticate = [](std::string_view) -> Result<security::Caller> {
              return fail(Code::kUnauthenticated, "sign in");
            },
            .clock = &clock_,
            .metrics = &metrics_,
            .first_answers = first_answers_.get()};
  }

  SystemClock clock_;
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("amity_engine_" + to_hex(random_bytes(8)));
  Configuration configuration_;
  api::Metrics metrics_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<api::FirstAnswers> first_answers_;
};

}  // namespace amity::app
