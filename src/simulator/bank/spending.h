// Everyday life: salaries, rent, what is bought where and when, travel, transfers to friends, savings, investments.
#pragma once

#include <array>

#include "simulator/bank/household.h"

namespace amity::simulator {

struct Category {
  std::string_view name;
  double on_weekdays;  // weight among all payments
  double on_weekends;
  double size;    // mean amount, of the mean payment
  double online;  // share bought online
  int opens_hour;
  int closes_hour;
};
constexpr std::array<Category, 12> kCategories = {{
    {"groceries", 30, 34, 0.6, 0.15, 7, 21},
    {"restaurants", 16, 24, 0.7, 0.2, 11, 22},
    {"transport", 18, 8, 0.3, 0.5, 6, 23},
    {"shopping", 8, 14, 1.6, 0.6, 9, 22},
    {"entertainment", 4, 9, 0.9, 0.5, 12, 23},
    {"health", 4, 2, 1.8, 0.1, 8, 18},
    {"education", 2, 2, 3.0, 0.6, 8, 20},
    {"games", 3, 5, 0.5, 1.0, 8, 23},
    {"electronics", 1, 2, 6.0, 0.6, 9, 21},
    {"jewellery", 0.4, 1, 8.0, 0.2, 10, 21},
    {"online_services", 4, 4, 0.4, 1.0, 6, 23},
    {"travel", 1.5, 2, 5.0, 0.7, 7, 22},
}};

constexpr std::array<size_t, 4> kLargePurchases = {3, 5, 8, 9};  // in kCategories

std::vector<std::vector<Merchant>> make_merchants(Random random, int customers);
const Merchant& choose_merchant(Random& random, const City& city, size_t category);
std::string device_of(const Person& person);
std::string device_for_payment(Random& random, const Person& person);  // now and then somebody else's

void earn_and_owe(Household& home, Person& person, Date day);  // salary, rent, utilities, savings
void spend(Household& home, const City& city, Person& person, Date day);
void invest(Household& home, Person& person, Date day);

}  // namespace amity::simulator
