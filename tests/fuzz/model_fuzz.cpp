// The parser of model artefacts, and scoring with whatever it accepts: no input may read outside or loop.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "models/model_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto artefact = amity::models::read_artefact(text);
  if (!artefact) return 0;
  const auto& model = artefact->model;
  const std::vector<double> zeros(model.features.size(), 0.0);
  const std::vector<double> missing(model.features.size(), amity::models::kMissing);
  const amity::models::Explainer explainer(model);
  for (const auto& row : {zeros, missing}) {
    static_cast<void>(model.score(row));
    static_cast<void>(explainer.explain(row));
  }
  return 0;
}
