// exp and sigmoid for scores: the same bits on every processor.
//
// The C library chooses its exp by processor (with or without fused multiply-add), so a recorded probability would not
// replay bit for bit on another machine. These use only additions, multiplications, one division and exact scalings.
#pragma once

namespace amity::models {

// Within 1 unit in the last place of the true value; 0 below -745.2, infinity above 709.8, NaN for NaN.
double portable_exp(double x);

// 1 / (1 + exp(-margin)), in [0, 1], increasing.
double sigmoid(double margin);

}  // namespace amity::models
