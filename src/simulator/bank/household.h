// A household: one person or a couple, their accounts, and what moves them from day to day.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/bank/diary.h"
#include "simulator/bank/person.h"

namespace amity::simulator {

// Where one can pay. Shared by all households and never changed.
struct Merchant {
  std::string key;
  int category = 0;  // in kCategories
  bool is_online = false;
  bool is_abroad = false;
};

// What all households share.
struct City {
  std::vector<std::vector<Merchant>> merchants_by_category;
  int customers = 0;
  double payments_a_day = 0;
  Date first_day;
  Date last_day;
};

struct Person {
  int number = 0;
  std::string key;  // "c000012"
  bool is_english = false;
  size_t account = 0;
  int devices = 1;           // the newest is "d000012-1"
  double stress = 0;         // hidden: deviations from the average
  int64_t income_minor = 0;  // per month, as agreed
  int payday = 10;           // of the month
  double wants = 0.5;        // payments a day
  Date out_of_work_from;     // hidden: salary stops from here ...
  Date out_of_work_until;    // ... to here, exclusive
  Date ill_until;            // hidden
  Date abroad_until;
  int risk_level = 0;  // C1 to C5; 0 where never assessed
  bool is_out_of_work(Date day) const { return day >= out_of_work_from && day < out_of_work_until; }
};

struct Loan {
  std::string key;
  int64_t payment_minor = 0;
  int months = 0;
  int paid = 0;
  int missed_in_a_row = 0;
  int due_day = 1;  // of the month
  Date granted;
};

struct Account {
  std::string key;   // "a000012-1"
  size_t owner = 0;  // in persons
  bool is_joint = false;
  std::string card;
  int cards_issued = 0;
  int64_t balance_minor = 0;
  int64_t rent_minor = 0;
  int64_t saving_minor = 0;
  std::optional<Loan> loan;
  bool had_default = false;
};

struct Household {
  Household(Random own_random, Diary own_diary) : random(own_random), diary(std::move(own_diary)) {}

  Random random;
  Diary diary;
  Date joins;
  std::vector<Person> persons;
  std::vector<Account> accounts;
};

Household make_household(Random random, const City& city, std::string_view source, int first_number, int persons);
// Everything that happens to the household on one day. Days come in order, each once.
void live(Household& home, const City& city, Date day);

}  // namespace amity::simulator
