// For tests on both databases: a whole bank of its own, with the route table it would serve.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "api/first_answers.h"
#include "api/router.h"
#include "app/engine.h"
#include "store/database_fixture.h"

namespace amity::app {

class EngineTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    store::DatabaseTest::SetUp();
    configuration_.database = options().url;
    configuration_.keys = "sqlite:" + (folder() / "amity.keys").string();
    configuration_.key_file = (folder() / "amity.key").string();
    configuration_.checkpoints = (folder() / "checkpoints").string();
    configure();
    auto engine = Engine::open(configuration_, clock_);
    ASSERT_TRUE(engine) << engine.error().text();
    engine_ = std::move(*engine);
    first_answers_ = std::make_unique<api::FirstAnswers>(engine_->database(), clock_, engine_->keys());
  }
  // What a suite wants different before its bank is opened.
  virtual void configure() {}

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
  Configuration configuration_;
  api::Metrics metrics_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<api::FirstAnswers> first_answers_;
};

}  // namespace amity::app
