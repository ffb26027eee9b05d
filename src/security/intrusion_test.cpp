#include "security/intrusion.h"

#include <gtest/gtest.h>

#include "store/database_fixture.h"

namespace amity::security {
namespace {

constexpr store::Statement kCount{"t", "SELECT COUNT(*) FROM audit_entries WHERE action = $1"};

class IntrusionTest : public store::DatabaseTest {
 protected:
  int64_t count(std::string_view action) {
    int64_t found = 0;
    const store::Value parameters[] = {action};
    EXPECT_TRUE(database_->read([&](store::Reader& reader) {
      return reader.query(kCount, parameters, [&](const store::Row& row) -> Result<void> {
        found = row.integer(0);
        return {};
      });
    }));
    return found;
  }

  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  AuditChain audit_{clock_, SigningKey::from_seed(SecretKey::random())};
  std::unique_ptr<store::Database> database_;
};

TEST_P(IntrusionTest, the_tenth_denial_in_five_minutes_is_an_event_and_a_flood_is_not_written_down) {
  database_ = open();
  ASSERT_NE(database_, nullptr);
  IntrusionWatch watch(*database_, audit_, clock_);
  Caller caller;
  caller.name = "agent";
  caller.user.value.bytes[0] = 1;
  for (int i = 1; i <= 30; ++i) EXPECT_EQ(*watch.denied(caller, "erase_customers"), i == 10);
  EXPECT_EQ(count("access.denied"), 9);
  EXPECT_EQ(count("security.event"), 1);
  Caller other = caller;
  other.user.value.bytes[0] = 2;
  EXPECT_FALSE(*watch.denied(other, "erase_customers"));
  clock_.advance(minutes(5));
  for (int i = 1; i <= 9; ++i) EXPECT_FALSE(*watch.denied(caller, "erase_customers"));
  EXPECT_TRUE(*watch.denied(caller, "erase_customers"));
}

AMITY_ON_BOTH_DATABASES(IntrusionTest);

}  // namespace
}  // namespace amity::security
