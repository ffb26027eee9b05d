// A POST that comes again with its Idempotency-Key, before and after whom its first answer told of has been erased.
#include <set>

#include "app/bank_fixture.h"
#include "events/decode.h"

namespace amity::app {
namespace {

class RepeatsTest : public BankTest {
 protected:
  struct Post {
    std::string target;
    json::value body;
    std::string key;
  };
  Post events(std::initializer_list<Event> events, std::string key) {
    json::array list;
    for (const auto& event : events) list.push_back(events::encode_event(event));
    return {"/v1/events", list, std::move(key)};
  }
  static Post decision(const std::string& account, std::string key) {
    return {"/v1/decisions",
            {{"type", "investment.order"},
             {"subject", "account/" + account},
             {"data",
              {{"product", "bond_fund"}, {"side", "buy"}, {"amount", {{"amount_minor", 77}, {"currency", "CNY"}}}}}},
            std::move(key)};
  }
  static Post consent(const std::string& customer, std::string key) {
    return {"/v1/customers/" + customer + "/consents",
            {{"purpose", "marketing"}, {"given", true}, {"notice_version", "1"}, {"language", "zh"}},
            std::move(key)};
  }
  static Post erasure(const std::string& customer, std::string key) {
    return {"/v1/customers/" + customer + "/erasure", {{"basis", "request 1"}}, std::move(key)};
  }

  api::Response send_again(const Post& sent) { return post(sent.target, sent.body, sent.key); }
  // "the same", "gone", or what it is answered instead.
  std::string repeated(const Post& post, const std::string& first) {
    const auto again = send_again(post);
    if (again.body == first) return "the same";
    const auto error = api::error_of_problem(again);
    return again.status == 409 && error.place == "header:idempotency-key" ? "gone" : again.body;
  }
  std::string must_send(const Post& post) {
    const auto response = send_again(post);
    EXPECT_LT(response.status, 300) << response.body;
    return response.body;
  }
};

TEST_P(RepeatsTest, get_the_first_answer_until_somebody_it_told_of_is_erased_and_nothing_is_done_again) {
  must_take({registered("lin"), registered("wu"), opened("l1", {"lin"}), opened("w1", {"wu"})});
  const std::vector<Post> of_lin = {decision("l1", "d1"), events({ordered("l1")}, "e1"),
                                    events({ordered("w1"), ordered("l1")}, "e2"), consent("lin", "c1")};
  const std::vector<Post> of_others = {decision("w1", "d2"), events({ordered("w1")}, "e3"), consent("wu", "c2"),
                                       erasure("lin", "x1")};
  std::map<std::string, std::string> first;
  for (const auto* posts : {&of_lin, &of_others}) {
    for (const auto& post : *posts) {
      first[post.key] = must_send(post);
      EXPECT_EQ(repeated(post, first[post.key]), "the same") << post.key;
    }
  }
  open_engine();
  const auto count = engine_->event_count().value();
  for (const auto& post : of_lin) EXPECT_EQ(repeated(post, first[post.key]), "gone") << post.key;
  for (const auto& post : of_others) EXPECT_EQ(repeated(post, first[post.key]), "the same") << post.key;
  EXPECT_EQ(engine_->event_count().value(), count);
}

TEST_P(RepeatsTest, about_two_who_were_one_are_gone_with_either) {
  must_take({registered("lin"), registered("wu"), registered("zhao"), opened("l1", {"lin"}), opened("w1", {"wu"})});
  const Post merge{"/v1/customers/lin/merge", {{"other", "wu"}, {"basis", "ticket 1"}}, "m1"};
  const Post unmerge{"/v1/customers/lin/unmerge", {{"other", "wu"}, {"basis", "ticket 2"}}, "m2"};
  const auto first_merge = must_send(merge);
  EXPECT_EQ(repeated(merge, first_merge), "the same");
  const auto joined = decision("l1", "d1");  // may read wu's values
  const auto first_joined = must_send(joined);
  const auto first_unmerge = must_send(unmerge);
  const auto alone = decision("l1", "d2");
  const auto first_alone = must_send(alone);
  ASSERT_TRUE(erase("wu"));
  EXPECT_EQ(repeated(merge, first_merge), "gone");
  EXPECT_EQ(repeated(unmerge, first_unmerge), "gone");
  EXPECT_EQ(repeated(joined, first_joined), "gone");
  EXPECT_EQ(repeated(alone, first_alone), "the same");
}

// What is decided about the account reads the values of its first holder, who has left it since.
TEST_P(RepeatsTest, about_a_joint_account_are_gone_with_each_holder_and_with_whose_values_were_read) {
  must_take({registered("lin"), registered("wu"), opened("j1", {"lin", "wu"}), opened("j2", {"lin", "wu"})});
  must_take({event_of("account.holder_removed", account("j2"), {{"customer", "lin"}})});
  const auto joint = decision("j1", "d1");
  const auto left = decision("j2", "d2");
  const auto first_joint = must_send(joint);
  const auto first_left = must_send(left);
  ASSERT_TRUE(erase("lin"));
  EXPECT_EQ(repeated(joint, first_joint), "gone");
  EXPECT_EQ(repeated(left, first_left), "gone");
  must_take({registered("zhao"), opened("j3", {"wu", "zhao"})});
  const auto shared = decision("j3", "d3");
  const auto first_shared = must_send(shared);
  ASSERT_TRUE(erase("zhao"));
  EXPECT_EQ(repeated(shared, first_shared), "gone");
}

// A route that is new here tells of people or does not: where it does, its handler says of whom (Response::about), and
// the tests above send to it.
TEST_P(RepeatsTest, are_kept_by_routes_that_are_known_to_tell_of_people_or_not) {
  const std::set<std::string_view> of_people = {"/v1/events",
                                                "/v1/decisions",
                                                "/v1/customers/{customer}/consents",
                                                "/v1/customers/{customer}/erasure",
                                                "/v1/customers/{customer}/merge",
                                                "/v1/customers/{customer}/unmerge"};
  const std::set<std::string_view> of_the_institution = {"/v1/audit/checkpoints",
                                                         "/v1/backups",
                                                         "/v1/rebuilds",
                                                         "/v1/models/{name}/train",
                                                         "/v1/models/{name}/versions/{fingerprint}/approval",
                                                         "/v1/policies",
                                                         "/v1/policies/{policy}/versions/{version}/activation",
                                                         "/v1/users",
                                                         "/v1/users/{user}/password-reset",
                                                         "/v1/api-keys"};
  for (const auto& route : api::rest_routes(engine_->services())) {
    if (route.repeat == api::Repeat::kHarmless) continue;
    EXPECT_EQ(of_people.contains(route.pattern) + of_the_institution.contains(route.pattern), 1) << route.pattern;
  }
}

AMITY_ON_BOTH_DATABASES(RepeatsTest);

}  // namespace
}  // namespace amity::app
