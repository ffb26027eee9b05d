#include "decisions/policy_book.h"

#include <gtest/gtest.h>

#include "store/database_fixture.h"

namespace amity::decisions {
namespace {

std::string policy_named(const std::string& name, const std::string& outcome,
                         const std::string& on = "payment.requested") {
  return "policy: " + name + "\non: " + on +
         "\npurpose: fraud_prevention\nbasis: contract\nfeatures: []\noutcomes: [allow, hold]\notherwise: " + outcome +
         "\nfallback: hold\n";
}

class PolicyBookTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    store::DatabaseTest::SetUp();
    database_ = open();
    ASSERT_NE(database_, nullptr);
    reopen({});
  }

  void reopen(const std::vector<std::string>& shipped) {
    book_ = std::make_unique<PolicyBook>(*database_, audit_, clock_);
    const auto opened = book_->open(installer_, shipped);
    ASSERT_TRUE(opened) << opened.error().text();
  }

  static security::Caller caller_of(uint8_t number, security::Role role) {
    security::Caller caller;
    caller.user = UserId{Uuid{.bytes = {number}}};
    caller.name = "user";
    caller.roles = {role};
    caller.unit = "/";
    return caller;
  }
  // What payments come to now.
  std::string otherwise() const {
    const auto active = book_->active_for("payment.requested");
    return active == nullptr ? "undecided" : active->definition().otherwise;
  }
  std::string stages() {
    std::string text;
    const auto versions = book_->list(analyst_).value();
    for (const auto& version : versions) text += version.name + std::to_string(version.version) + version.stage + " ";
    return text;
  }

  ManualClock clock_{*parse_timestamp("2024-01-01T00:00:00Z")};
  security::AuditChain audit_{clock_, SigningKey::from_seed(SecretKey::random())};
  security::Caller installer_ = caller_of(1, security::Role::kAdministrator);
  security::Caller analyst_ = caller_of(2, security::Role::kRiskAnalyst);
  security::Caller other_analyst_ = caller_of(3, security::Role::kRiskAnalyst);
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<PolicyBook> book_;
};

TEST_P(PolicyBookTest, takes_the_first_shipped_version_as_active_and_later_ones_as_drafts) {
  EXPECT_EQ(otherwise(), "undecided");
  reopen({policy_named("p", "allow")});
  EXPECT_EQ(otherwise(), "allow");
  reopen({policy_named("p", "allow")});  // known already
  EXPECT_EQ(stages(), "p1active ");
  reopen({policy_named("p", "hold")});
  EXPECT_EQ(stages(), "p1active p2draft ");
  EXPECT_EQ(otherwise(), "allow");
}

TEST_P(PolicyBookTest, activates_by_a_second_person_only) {
  reopen({policy_named("p", "allow")});
  const auto draft = book_->draft(analyst_, policy_named("p", "hold"));
  ASSERT_TRUE(draft) << draft.error().text();
  EXPECT_EQ(draft->version, 2);
  EXPECT_EQ(otherwise(), "allow");
  EXPECT_EQ(book_->activate(analyst_, "p", 2).error().code, Code::kForbidden);
  clock_.advance(hours(1));
  const auto activated = book_->activate(other_analyst_, "p", 2);
  ASSERT_TRUE(activated) << activated.error().text();
  EXPECT_EQ(activated->activated_by, format(other_analyst_.user));
  EXPECT_EQ(otherwise(), "hold");
  EXPECT_EQ(stages(), "p1retired p2active ");
}

TEST_P(PolicyBookTest, keeps_every_version_for_ever_with_who_and_when) {
  reopen({policy_named("p", "allow")});
  ASSERT_TRUE(book_->draft(analyst_, policy_named("p", "hold")));
  ASSERT_TRUE(book_->activate(other_analyst_, "p", 2));
  reopen({policy_named("p", "allow")});
  EXPECT_EQ(otherwise(), "hold");
  const auto first = book_->version(analyst_, "p", 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->definition, policy_named("p", "allow"));
  EXPECT_EQ(first->drafted_by, format(installer_.user));
  const auto found = database_->read([&](store::Reader& reader) -> Result<void> {
    const auto policy = TRY(book_->by_fingerprint(reader, first->fingerprint));
    EXPECT_EQ(policy->definition().otherwise, "allow");
    EXPECT_EQ(book_->by_fingerprint(reader, Digest{}).error().code, Code::kNotFound);
    return {};
  });
  EXPECT_TRUE(found) << found.error().text();
}

TEST_P(PolicyBookTest, refuses_a_known_definition_a_wrong_one_and_a_second_activation) {
  reopen({policy_named("p", "allow")});
  EXPECT_EQ(book_->draft(analyst_, "# only a comment\n" + policy_named("p", "allow")).error().code, Code::kConflict);
  EXPECT_EQ(book_->draft(analyst_, policy_named("p", "perhaps")).error().place, "/otherwise");
  EXPECT_EQ(book_->activate(analyst_, "p", 1).error().code, Code::kConflict);
  EXPECT_EQ(book_->activate(analyst_, "p", 9).error().code, Code::kNotFound);
  EXPECT_EQ(stages(), "p1active ");
}

TEST_P(PolicyBookTest, lets_one_policy_decide_a_type_of_event) {
  reopen({policy_named("p", "allow")});
  ASSERT_TRUE(book_->draft(analyst_, policy_named("q", "hold")));
  EXPECT_EQ(book_->activate(other_analyst_, "q", 1).error().code, Code::kConflict);
  EXPECT_EQ(otherwise(), "allow");
  ASSERT_TRUE(book_->draft(analyst_, policy_named("r", "hold", "credit.application")));
  EXPECT_TRUE(book_->activate(other_analyst_, "r", 1));
}

TEST_P(PolicyBookTest, refuses_two_shipped_policies_for_one_type_of_event_and_names_both) {
  PolicyBook book(*database_, audit_, clock_);
  const auto opened = book.open(installer_, {policy_named("p", "allow"), policy_named("q", "hold")});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kConflict);
  EXPECT_EQ(opened.error().message,
            "two shipped policies decide payment.requested events, p and q: keep one of the two files");
  EXPECT_EQ(stages(), "");  // none was taken in
}

TEST_P(PolicyBookTest, leaves_the_decision_with_the_institutions_own_policy_when_another_is_shipped) {
  reopen({policy_named("own", "hold")});
  reopen({policy_named("shipped", "allow")});
  EXPECT_EQ(otherwise(), "hold");
  EXPECT_EQ(stages(), "own1active shipped1draft ");
}

TEST_P(PolicyBookTest, asks_for_permission) {
  const auto agent = caller_of(4, security::Role::kServiceAgent);
  EXPECT_EQ(book_->draft(agent, policy_named("p", "allow")).error().code, Code::kForbidden);
  EXPECT_EQ(book_->activate(agent, "p", 1).error().code, Code::kForbidden);
  EXPECT_EQ(book_->list(agent).error().code, Code::kForbidden);
}

AMITY_ON_BOTH_DATABASES(PolicyBookTest);

}  // namespace
}  // namespace amity::decisions
