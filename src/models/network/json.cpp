#include "models/network/json.h"

#include <fmt/format.h>

#include "models/packed.h"

namespace amity::models {
namespace {

std::string pack_list(const std::vector<double>& list) { return pack(std::span<const double>(list)); }

Result<Encoding> read_encoding(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Encoding out{.low = unpack_one<double>(in, "low"),
               .high = unpack_one<double>(in, "high"),
               .mean = unpack_one<double>(in, "mean"),
               .scale = unpack_one<double>(in, "scale"),
               .input_of = unpack<uint32_t>(in, "input_of"),
               .shares = unpack<double>(in, "shares"),
               .missing_share = unpack_one<double>(in, "missing_share")};
  TRY(in.finish());
  return out;
}

Result<Perceptron> read_perceptron(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Perceptron out{.hidden_weights = unpack<double>(in, "hidden_weights"),
                 .hidden_offsets = unpack<double>(in, "hidden_offsets"),
                 .output_weights = unpack<double>(in, "output_weights"),
                 .output_offset = unpack_one<double>(in, "output_offset")};
  TRY(in.finish());
  return out;
}

}  // namespace

json::object write_network(const Network& network) {
  json::array encodings, perceptrons;
  for (const auto& encoding : network.encodings) {
    encodings.push_back({{"low", pack_one(encoding.low)},
                         {"high", pack_one(encoding.high)},
                         {"mean", pack_one(encoding.mean)},
                         {"scale", pack_one(encoding.scale)},
                         {"input_of", pack(std::span<const uint32_t>(encoding.input_of))},
                         {"shares", pack_list(encoding.shares)},
                         {"missing_share", pack_one(encoding.missing_share)}});
  }
  for (const auto& perceptron : network.perceptrons) {
    perceptrons.push_back({{"hidden_weights", pack_list(perceptron.hidden_weights)},
                           {"hidden_offsets", pack_list(perceptron.hidden_offsets)},
                           {"output_weights", pack_list(perceptron.output_weights)},
                           {"output_offset", pack_one(perceptron.output_offset)}});
  }
  return {{"encodings", std::move(encodings)}, {"perceptrons", std::move(perceptrons)}};
}

Result<Network> read_network(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  const auto& encodings = in.array("encodings");
  const auto& perceptrons = in.array("perceptrons");
  TRY(in.finish());
  Network network;
  for (const auto& item : encodings) {
    const auto at = fmt::format("{}/encodings/{}", place, network.encodings.size());
    network.encodings.push_back(TRY(read_encoding(item, at)));
  }
  for (const auto& item : perceptrons) {
    const auto at = fmt::format("{}/perceptrons/{}", place, network.perceptrons.size());
    network.perceptrons.push_back(TRY(read_perceptron(item, at)));
  }
  return network;
}

}  // namespace amity::models
