// The artefact: a model as canonical JSON, and the signed file it travels in. Format: docs/formats/model.md.
//
// Numbers that decide are kept as their bits (little-endian, base64url), so that reading a decimal can never change a
// score. A file is opened only with the key it was signed with: what this institution did not sign is refused before a
// byte of the model is parsed.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/json.h"
#include "base/result.h"
#include "models/scorer.h"

namespace amity::models {

constexpr int kModelFormat = 1;
constexpr size_t kMaxArtefactBytes = 64 * 1024 * 1024;

// Where a model comes from.
struct Provenance {
  Digest data{};          // of the rows it learnt from
  Digest definitions{};   // of the model's and its features' definitions; of the options for a plain file
  std::string code{};     // build that trained it
  json::object report{};  // train.h report_of
};

struct Artefact {
  Model model{};
  Provenance provenance{};
};

std::string write_artefact(const Artefact& artefact);
// invalid with a JSON pointer. Checks everything that scoring relies on (check_model).
Result<Artefact> read_artefact(std::string_view text);

Digest fingerprint_of(std::string_view artefact_text);

using Signature = std::array<uint8_t, 64>;
Signature sign_artefact(const SigningKey& key, std::string_view artefact_text);

std::string write_model_file(std::string_view artefact_text, const Signature& signature);
// The artefact's text. invalid: not a model file. forbidden: not signed by this key, or changed since.
struct ModelFile {
  std::string artefact_text;
  Signature signature;
};
Result<ModelFile> open_model_file(std::string_view file, std::span<const uint8_t> public_key);

}  // namespace amity::models
