#include "models/scorecard/json.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/packed.h"

namespace amity::models {
namespace {

template <class Member>
std::string pack_each(const std::vector<Attribute>& attributes, Member Attribute::* member) {
  std::vector<Member> values;
  for (const auto& attribute : attributes) values.push_back(attribute.*member);
  return pack(std::span<const Member>(values));
}

json::object write_characteristic(const Characteristic& characteristic) {
  const auto& attributes = characteristic.attributes;
  return {{"cuts", pack(std::span<const double>(characteristic.cuts))},
          {"attribute_of", pack(std::span<const uint32_t>(characteristic.attribute_of))},
          {"points", pack_each(attributes, &Attribute::points)},
          {"woe", pack_each(attributes, &Attribute::woe)},
          {"share", pack_each(attributes, &Attribute::share)},
          {"bad_rate", pack_each(attributes, &Attribute::bad_rate)},
          {"information_value", pack_one(characteristic.information_value)}};
}

template <class Member>
void unpack_each(JsonReader& in, std::string_view key, std::vector<Attribute>& attributes, Member Attribute::* member) {
  const auto values = unpack<Member>(in, key);
  if (values.size() != attributes.size()) return in.refuse(key, "one value an attribute is expected");
  for (size_t i = 0; i < values.size(); ++i) attributes[i].*member = values[i];
}

Result<Characteristic> read_characteristic(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Characteristic out{.cuts = unpack<double>(in, "cuts"), .attribute_of = unpack<uint32_t>(in, "attribute_of")};
  const auto points = unpack<int32_t>(in, "points");
  for (const int32_t p : points) out.attributes.push_back({.points = p});
  unpack_each(in, "woe", out.attributes, &Attribute::woe);
  unpack_each(in, "share", out.attributes, &Attribute::share);
  unpack_each(in, "bad_rate", out.attributes, &Attribute::bad_rate);
  out.information_value = unpack_one<double>(in, "information_value");
  TRY(in.finish());
  return out;
}

}  // namespace

json::object write_scorecard(const Scorecard& card) {
  json::array characteristics;
  for (const auto& characteristic : card.characteristics) {
    characteristics.push_back(write_characteristic(characteristic));
  }
  return {{"points_to_double_odds", pack_one(card.points_to_double_odds)},
          {"base_score", pack_one(card.base_score)},
          {"base_odds", pack_one(card.base_odds)},
          {"factor", pack_one(card.factor)},
          {"offset", pack_one(card.offset)},
          {"base_points", card.base_points},
          {"characteristics", std::move(characteristics)},
          {"reference", name_of(card.reference)},
          {"rows", card.row_count},
          {"band_cuts", pack(std::span<const int64_t>(card.band_cuts))},
          {"band_shares", pack(std::span<const double>(card.band_shares))}};
}

Result<Scorecard> read_scorecard(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Scorecard card{.points_to_double_odds = unpack_one<double>(in, "points_to_double_odds"),
                 .base_score = unpack_one<double>(in, "base_score"),
                 .base_odds = unpack_one<double>(in, "base_odds"),
                 .factor = unpack_one<double>(in, "factor"),
                 .offset = unpack_one<double>(in, "offset"),
                 .base_points = static_cast<int32_t>(in.integer("base_points", -kMostPoints, kMostPoints)),
                 .row_count = static_cast<uint64_t>(in.integer("rows", 1, INT64_MAX))};
  const auto reference = parse_reference(in.text("reference"));
  if (!reference) in.refuse("reference", reference.error().message);
  card.reference = reference.value_or(Reference::kNeutral);
  card.band_cuts = unpack<int64_t>(in, "band_cuts");
  card.band_shares = unpack<double>(in, "band_shares");
  const auto& characteristics = in.array("characteristics");
  TRY(in.finish());
  for (const auto& item : characteristics) {
    const auto at = fmt::format("{}/characteristics/{}", place, card.characteristics.size());
    card.characteristics.push_back(TRY(read_characteristic(item, at)));
  }
  return card;
}

}  // namespace amity::models
