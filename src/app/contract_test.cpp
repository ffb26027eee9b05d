// The route table, the document and the suites that try what is documented agree.
#include "api/contract.h"

#include "app/contract_fixture.h"

namespace amity::app {
namespace {

TEST_P(Contract, the_route_table_and_the_document_agree_both_ways) {
  EXPECT_EQ(api::contract_differences(router_->routes(), openapi()), std::vector<std::string>{});
}

AMITY_ON_BOTH_DATABASES(Contract);

// A path that no suite tries would not be missed by any of them.
TEST(ContractParts, every_documented_path_is_of_exactly_one_suite) {
  const auto document = openapi();
  for (const auto& [path, item] : document.at("paths").as_object()) {
    int suites = 0;
    for (const auto part : {Part(kPeople), Part(kCustomers), Part(kDeciding), Part(kOperation)}) {
      suites += is_of(path, part) ? 1 : 0;
    }
    EXPECT_EQ(suites, 1) << path;
  }
}

}  // namespace
}  // namespace amity::app
