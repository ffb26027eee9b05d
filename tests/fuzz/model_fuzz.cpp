// The parser of model artefacts, and scoring with whatever it accepts: no input may read outside or loop.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "models/model_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto artefact = amity::models::read_artefact(text);
  if (!artefact) return 0;
  const auto& model = artefact->model;
  const std::vector<double> zeros(model.features.size(), 0.0);
  const std::vector<double> missing(model.features.size(), amity::models::kMissing);
  const amity::models::Scorer scorer(model);
  const amity::models::Explainer explainer(model);
  for (const auto& row : {zeros, missing}) {
    if (std::bit_cast<uint64_t>(scorer.score(row).margin) != std::bit_cast<uint64_t>(model.score(row).margin)) {
      std::abort();
    }
    static_cast<void>(explainer.explain(row));
  }
  return 0;
}
