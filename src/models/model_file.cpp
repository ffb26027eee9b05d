#include "models/model_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/network/json.h"
#include "models/packed.h"
#include "models/scorecard/json.h"

namespace amity::models {
namespace {

constexpr std::string_view kFileHeader = "amity-model 1 ";
constexpr std::string_view kSignaturePurpose = "amity model artefact\n";

json::object write_feature(const Feature& feature) {
  json::array categories;
  for (const auto& category : feature.categories) categories.emplace_back(category);
  return {{"name", feature.name},
          {"categorical", feature.is_categorical},
          {"categories", std::move(categories)},
          {"monotone", feature.monotone},
          {"reason", feature.reason}};
}

Result<Feature> read_feature(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Feature feature{.name = in.text("name"),
                  .is_categorical = in.boolean_or("categorical", false),
                  .monotone = static_cast<int>(in.integer("monotone", -1, 1)),
                  .reason = in.text("reason")};
  for (const auto& category : in.array("categories")) {
    if (const auto* text = category.if_string()) {
      feature.categories.emplace_back(*text);
    } else {
      in.refuse("categories", "texts are expected");
    }
  }
  if (std::ranges::adjacent_find(feature.categories, std::greater_equal{}) != feature.categories.end()) {
    in.refuse("categories", "must be sorted and different");
  }
  TRY(in.finish());
  return feature;
}

template <class Member>
std::string pack_nodes(const Forest& forest, Member Node::* member) {
  std::vector<Member> values;
  for (const auto& node : forest.nodes) values.push_back(node.*member);
  return pack(std::span<const Member>(values));
}

json::object write_forest(const Forest& forest) {
  std::vector<uint8_t> missing_left;
  for (const auto& node : forest.nodes) missing_left.push_back(node.missing_goes_left);
  return {{"base_margin", pack_one(forest.base_margin)},
          {"roots", pack(std::span<const uint32_t>(forest.roots))},
          {"feature", pack_nodes(forest, &Node::feature)},
          {"value", pack_nodes(forest, &Node::value)},
          {"cover", pack_nodes(forest, &Node::cover)},
          {"left", pack_nodes(forest, &Node::left)},
          {"right", pack_nodes(forest, &Node::right)},
          {"missing_left", pack(std::span<const uint8_t>(missing_left))},
          {"set_begin", pack_nodes(forest, &Node::set_begin)},
          {"set_words", pack_nodes(forest, &Node::set_words)},
          {"category_sets", pack(std::span<const uint32_t>(forest.category_sets))}};
}

template <class Member>
void unpack_nodes(JsonReader& in, std::string_view key, Forest& forest, Member Node::* member) {
  const auto values = unpack<Member>(in, key);
  if (values.size() > kMaxNodes || (!forest.nodes.empty() && values.size() != forest.nodes.size())) {
    return in.refuse(key, "one value a node is expected");
  }
  forest.nodes.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) forest.nodes[i].*member = values[i];
}

Result<Forest> read_forest(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Forest forest{.base_margin = unpack_one<float>(in, "base_margin"), .roots = unpack<uint32_t>(in, "roots")};
  unpack_nodes(in, "feature", forest, &Node::feature);
  unpack_nodes(in, "value", forest, &Node::value);
  unpack_nodes(in, "cover", forest, &Node::cover);
  unpack_nodes(in, "left", forest, &Node::left);
  unpack_nodes(in, "right", forest, &Node::right);
  unpack_nodes(in, "set_begin", forest, &Node::set_begin);
  unpack_nodes(in, "set_words", forest, &Node::set_words);
  const auto missing_left = unpack<uint8_t>(in, "missing_left");
  if (missing_left.size() != forest.nodes.size()) in.refuse("missing_left", "one value a node is expected");
  for (size_t i = 0; i < std::min(missing_left.size(), forest.nodes.size()); ++i) {
    forest.nodes[i].missing_goes_left = missing_left[i] != 0;
  }
  forest.category_sets = unpack<uint32_t>(in, "category_sets");
  TRY(in.finish());
  return forest;
}

json::object write_additive(const Additive& additive) {
  json::array shapes;
  for (const auto& shape : additive.shapes) {
    shapes.push_back({{"knots", pack(std::span<const double>(shape.knots))},
                      {"values", pack(std::span<const double>(shape.values))},
                      {"missing", pack_one(shape.missing)},
                      {"mean", pack_one(shape.mean)}});
  }
  return {{"intercept", pack_one(additive.intercept)}, {"shapes", std::move(shapes)}};
}

Result<Additive> read_additive(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Additive additive{.intercept = unpack_one<double>(in, "intercept")};
  for (const auto& item : in.array("shapes")) {
    JsonReader shape(item, fmt::format("{}/shapes/{}", place, additive.shapes.size()));
    additive.shapes.push_back({.knots = unpack<double>(shape, "knots"),
                               .values = unpack<double>(shape, "values"),
                               .missing = unpack_one<double>(shape, "missing"),
                               .mean = unpack_one<double>(shape, "mean")});
    TRY(shape.finish());
  }
  TRY(in.finish());
  return additive;
}

json::object write_calibration(const Calibration& calibration) {
  return {{"kind", name_of(calibration.kind)},
          {"slope", pack_one(calibration.slope)},
          {"offset", pack_one(calibration.offset)},
          {"knots", pack(std::span<const double>(calibration.knots))},
          {"values", pack(std::span<const double>(calibration.values))}};
}

Result<Calibration> read_calibration(const json::value& value) {
  JsonReader in(value, "/calibration");
  const auto kind = parse_calibration_kind(in.text("kind"));
  if (!kind) in.refuse("kind", kind.error().message);
  Calibration calibration{.kind = kind.value_or(Calibration::Kind::kNone),
                          .slope = unpack_one<double>(in, "slope"),
                          .offset = unpack_one<double>(in, "offset"),
                          .knots = unpack<double>(in, "knots"),
                          .values = unpack<double>(in, "values")};
  TRY(in.finish());
  return calibration;
}

Digest read_digest(JsonReader& in, std::string_view key) {
  Digest digest{};
  const auto bytes = from_hex(in.text(key));
  if (bytes && bytes->size() == digest.size()) {
    std::ranges::copy(*bytes, digest.begin());
  } else {
    in.refuse(key, "a digest of 64 hexadecimal digits is expected");
  }
  return digest;
}

template <class T, class Read>
Result<std::vector<T>> read_each(const json::array& items, std::string_view place, Read read) {
  std::vector<T> list;
  for (const auto& item : items) list.push_back(TRY(read(item, fmt::format("{}/{}", place, list.size()))));
  return list;
}

}  // namespace

std::string write_artefact(const Artefact& artefact) {
  const auto& model = artefact.model;
  json::array features, forests;
  for (const auto& feature : model.features) features.push_back(write_feature(feature));
  for (const auto& forest : model.forests) forests.push_back(write_forest(forest));
  json::object out{{"format", kModelFormat},
                   {"name", model.name},
                   {"positive", model.positive},
                   {"negative", model.negative},
                   {"features", std::move(features)},
                   {"forests", std::move(forests)},
                   {"forest_share", pack_one(model.forest_share)},
                   {"calibration", write_calibration(model.calibration)},
                   {"logistic", write_additive(model.logistic)},
                   {"data", to_hex(artefact.provenance.data)},
                   {"definitions", to_hex(artefact.provenance.definitions)},
                   {"code", artefact.provenance.code},
                   {"report", artefact.provenance.report}};
  if (model.partner) out["partner"] = write_additive(*model.partner);
  if (model.scorecard) out["scorecard"] = write_scorecard(*model.scorecard);
  if (model.network) out["network"] = write_network(*model.network);
  return write_json(out);
}

Result<Artefact> read_artefact(std::string_view text) {
  const auto value = TRY(parse_json(text, kMaxArtefactBytes));
  JsonReader in(value, "");
  in.integer("format", kModelFormat, kModelFormat);
  Artefact out;
  auto& model = out.model;
  model.name = in.text("name");
  model.positive = in.text("positive");
  model.negative = in.text("negative");
  model.forest_share = unpack_one<double>(in, "forest_share");
  const auto& features = in.array("features");
  const auto& forests = in.array("forests");
  const auto& logistic = in.any("logistic");
  const auto& calibration = in.any("calibration");
  const bool has_partner = in.has("partner");
  const auto& partner = in.any_or_null("partner");
  const bool has_scorecard = in.has("scorecard");
  const auto& scorecard = in.any_or_null("scorecard");
  const bool has_network = in.has("network");
  const auto& network = in.any_or_null("network");
  out.provenance.data = read_digest(in, "data");
  out.provenance.definitions = read_digest(in, "definitions");
  out.provenance.code = in.text_or("code", "");
  out.provenance.report = in.object("report");
  TRY(in.finish());
  model.features = TRY(read_each<Feature>(features, "/features", read_feature));
  model.forests = TRY(read_each<Forest>(forests, "/forests", read_forest));
  model.logistic = TRY(read_additive(logistic, "/logistic"));
  if (has_partner) model.partner = TRY(read_additive(partner, "/partner"));
  if (has_scorecard) model.scorecard = TRY(read_scorecard(scorecard, "/scorecard"));
  if (has_network) model.network = TRY(read_network(network, "/network"));
  model.calibration = TRY(read_calibration(calibration));
  TRY(check_model(model));
  return out;
}

Digest fingerprint_of(std::string_view artefact_text) { return digest(as_bytes(artefact_text)); }

Signature sign_artefact(const SigningKey& key, std::string_view artefact_text) {
  std::string message(kSignaturePurpose);
  message += as_text(fingerprint_of(artefact_text));
  return sign(key, as_bytes(message));
}

std::string write_model_file(std::string_view artefact_text, const Signature& signature) {
  return fmt::format("{}{}\n{}", kFileHeader, to_base64url(signature), artefact_text);
}

Result<ModelFile> open_model_file(std::string_view file, std::span<const uint8_t> public_key) {
  if (file.size() > kMaxArtefactBytes) return fail(Code::kLimit, "a model file has at most 64 MiB");
  const auto line_end = file.find('\n');
  if (!file.starts_with(kFileHeader) || line_end == std::string_view::npos || line_end > 200) {
    return invalid("this is not a model file of Amity", "line 1");
  }
  const auto bytes = from_base64url(file.substr(kFileHeader.size(), line_end - kFileHeader.size()));
  ModelFile out{.artefact_text = std::string(file.substr(line_end + 1)), .signature = {}};
  if (!bytes || bytes->size() != out.signature.size()) return invalid("the signature cannot be read", "line 1");
  std::ranges::copy(*bytes, out.signature.begin());
  std::string message(kSignaturePurpose);
  message += as_text(fingerprint_of(out.artefact_text));
  if (!verify(public_key, as_bytes(message), out.signature)) {
    return fail(Code::kForbidden,
                "this model was not signed by this institution, or was changed since: train it here instead");
  }
  return out;
}

}  // namespace amity::models
