// Exact Shapley values with AVX-512.
#include "models/forest/explain_walk.h"

namespace amity::models {

const ExplainKernels kAvx512Explain = {.add_gains_2 = add_gains<2>,
                                       .add_gains_4 = add_gains<4>,
                                       .add_gains_8 = add_gains<8>,
                                       .add_gains_16 = add_gains<16>};

}  // namespace amity::models
