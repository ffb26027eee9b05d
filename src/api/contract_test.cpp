#include "api/contract.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "api/router_fixture.h"
#include "base/yaml.h"

namespace amity::api {
namespace {

constexpr std::string_view kDocument = R"(
openapi: 3.1.0
components:
  parameters:
    Key: {name: Idempotency-Key, in: header, required: true}
paths:
  /v1/things/{thing}:
    get: {x-permission: read_customers}
  /v1/things:
    post:
      x-permission: draft_policies
      parameters: [{$ref: '#/components/parameters/Key'}]
  /v1/sessions:
    post: {security: []}
)";

std::vector<Route> matching_routes() {
  return {
      {.method = Method::kGet,
       .pattern = "/v1/things/{thing}",
       .permission = security::Permission::kReadCustomers,
       .handler = echo},
      {.method = Method::kPost,
       .pattern = "/v1/things",
       .permission = security::Permission::kDraftPolicies,
       .handler = echo,
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kPost, .pattern = "/v1/sessions", .handler = echo, .is_open = true},
  };
}

std::vector<std::string> differences_of(const std::vector<Route>& routes) {
  return contract_differences(routes, parse_yaml(kDocument).value());
}

TEST(Contract, finds_nothing_where_table_and_document_agree) {
  EXPECT_EQ(differences_of(matching_routes()), std::vector<std::string>{});
}

TEST(Contract, finds_a_route_that_is_not_documented) {
  auto routes = matching_routes();
  routes.push_back({.method = Method::kDelete, .pattern = "/v1/things/{thing}", .handler = echo});
  EXPECT_EQ(differences_of(routes), std::vector<std::string>{"DELETE /v1/things/{thing}: not in openapi.yaml"});
}

TEST(Contract, finds_a_documented_operation_without_a_route) {
  auto routes = matching_routes();
  routes.pop_back();
  EXPECT_EQ(differences_of(routes),
            std::vector<std::string>{"POST /v1/sessions: in openapi.yaml, but there is no such route"});
}

TEST(Contract, finds_another_permission_and_another_need_of_a_key) {
  auto routes = matching_routes();
  routes[0].permission = security::Permission::kReadAudit;
  routes[1].repeat = Repeat::kTakesKey;
  routes[2].is_open = false;
  EXPECT_EQ(differences_of(routes).size(), 3u);
}

class OpenApi : public testing::Test {
 protected:
  static json::value document() {
    std::ifstream file(AMITY_SOURCE_DIR "/src/api/openapi.yaml");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    return parse_yaml(text).value();
  }
};

TEST_F(OpenApi, names_permissions_that_exist) {
  std::set<std::string, std::less<>> known;
  for (int i = 0; i <= static_cast<int>(security::Permission::kMergeCustomers); ++i) {
    known.emplace(name_of(static_cast<security::Permission>(i)));
  }
  int named = 0;
  const auto openapi = document();
  for (const auto& [path, item] : openapi.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      if (!operation.is_object() || !operation.as_object().contains("x-permission")) continue;
      const auto& permission = operation.at("x-permission").as_string();
      EXPECT_TRUE(known.contains(std::string_view(permission))) << std::string(path) << ' ' << std::string(permission);
      ++named;
    }
  }
  EXPECT_GT(named, 30);
}

TEST_F(OpenApi, documents_the_routes_of_operation) {
  Metrics metrics;
  const auto routes = operation_routes([]() -> Result<void> { return {}; }, metrics);
  for (const auto& difference : contract_differences(routes, document())) {
    EXPECT_TRUE(difference.ends_with("there is no such route")) << difference;
  }
}

}  // namespace
}  // namespace amity::api
