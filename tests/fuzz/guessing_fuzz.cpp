// A password is never harder to guess than its single characters, and knowing the name never makes it harder.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "security/users/guessing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr double kDearestCharacter = 1.5;
  constexpr double kRoundingError = 1e-9;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\n'), text.size());
  const auto name = text.substr(0, end);
  const auto password = text.substr(std::min(end + 1, text.size()));
  const double guesses = amity::security::guesses_log10(name, password);
  if (!std::isfinite(guesses) || guesses < 0) std::abort();
  const auto characters = static_cast<double>(std::max<size_t>(password.size(), 1));
  if (guesses > kDearestCharacter * characters + kRoundingError) std::abort();
  if (guesses > amity::security::guesses_log10("", password) + kRoundingError) std::abort();
  return 0;
}
