// Addresses in Chinese and in Latin letters, word by word in one form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace amity::customers {

struct Place {
  std::vector<std::string> words;  // Han characters one by one; Latin words in their long form: "rd" -> "road"
  std::vector<std::string> spelt;  // where there are Han characters: "建国路88号" -> jianguo, road, 88, number
  std::string sound;               // what it is called without "city", "district", "road": "北京市" -> "beijing"
  bool is_han = false;
};
Place read_place(std::string_view folded);

// "road", "district": a word that says what sort of place stands beside it.
bool is_part_of_place(std::string_view word);

}  // namespace amity::customers
