// Who the customers are: names, birth dates, identity numbers and addresses of people who do not exist.
#pragma once

#include <string>

#include "base/json.h"
#include "base/random.h"
#include "base/time.h"

namespace amity::simulator {

struct Identity {
  bool is_english = false;
  bool is_female = false;
  std::string name;
  std::string name_latin;
  Date birth_date;
  std::string identity_number;  // GB 11643-1999, region 99
  std::string phone;
  std::string email;
  std::string address;
  std::string occupation;
};

// `number` is the customer's, so that phone and mail address stand once.
Identity make_identity(Random& random, int number, Date today);
std::string make_phone(Random& random, int number);
std::string make_address(Random& random);

// The check character of the first 17 digits (ISO 7064 MOD 11-2).
char identity_check_character(std::string_view first_17_digits);

}  // namespace amity::simulator
