// The /v1 surface: what openapi.yaml says, as routes over the rooms.
//
// A handler reads its request, makes one plain call to a room and writes the answer. What only the whole program can do
// (let events walk, replay, train, erase, back up) comes as functions from app/. contract_test holds the routes against
// openapi.yaml both ways.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"
#include "customers/customers.h"
#include "customers/rebuild.h"
#include "decisions/desk.h"
#include "events/log.h"
#include "features/definition.h"
#include "models/registry.h"
#include "security/users.h"

namespace amity::api {

// Words of institution/texts: language -> key -> text.
using Texts = std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>>;

struct FeatureAnswer {
  Timestamp at;
  Digest fingerprint{};
  std::vector<std::pair<std::string, double>> values;  // NaN: unknown
};

struct Services {
  const Clock& clock;
  store::Database& database;
  security::Users& users;
  const security::AuditChain& audit;
  const events::Pseudonyms& pseudonyms;
  const customers::Customers& customers;
  decisions::PolicyBook& policies;
  const decisions::DecisionDesk& desk;
  models::Registry& models;
  const Texts& texts;
  std::function<features::FeatureSet()> feature_set;

  // One answer an event, in order, after the commit: {"seq", "decisions"}.
  std::function<std::vector<Result<json::object>>(const security::Caller&, std::vector<events::Event>)> submit;
  std::function<Result<FeatureAnswer>(const security::Caller&, const events::Reference&, std::optional<Timestamp> at)>
      read_features;
  std::function<Result<json::object>(const security::Caller&, std::optional<DecisionId>)> replay;
  std::function<Result<json::object>(const security::Caller&, std::string_view model, const json::object& options)>
      train;
  std::function<Result<json::object>(const security::Caller&, std::string_view model, const json::object& options)>
      evaluate;
  std::function<Result<customers::RebuildReport>(const security::Caller&, bool is_check)> rebuild;
  std::function<Result<json::object>(const security::Caller&, std::string_view customer, std::string_view basis)> erase;
  std::function<Result<json::object>(const security::Caller&, std::string_view name)> back_up;
  std::function<Result<json::object>(const security::Caller&)> verify_audit;
  std::function<Result<json::object>(const security::Caller&)> make_checkpoint;
};

// `services` must outlive the routes.
std::vector<Route> rest_routes(const Services& services);

}  // namespace amity::api
