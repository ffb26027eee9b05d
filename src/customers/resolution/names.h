// Names of persons and companies as words and sounds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "customers/resolution.h"

namespace amity::customers {

struct Name {
  std::vector<std::string> words;     // without honorifics and legal forms unless nothing else is there
  std::vector<std::string> spelt;     // as Field::spelt
  std::vector<std::string> sounds;    // as Field::sounds
  std::vector<std::string> initials;  // as Field::initials
  bool is_han = false;
};
Name read_name(std::string_view folded, FieldKind kind);

// Short forms of one given name have one root: "bill" and "william" -> "william".
std::string_view root_of_name(std::string_view word);

// The consonants of a word without the differences between transliterations: "hejeij" and "hujayj" -> "hjj", "qasim"
// and "kassem" -> "ksn". Of a Han character its pinyin.
std::string skeleton_of(std::string_view word);

}  // namespace amity::customers
