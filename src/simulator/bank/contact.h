// How a household and the bank know each other: joining, consents, risk profiles, cards, changes, messages.
#pragma once

#include "simulator/bank/household.h"

namespace amity::simulator {

void join_bank(Household& home, Date day);
void keep_in_touch(Household& home, Person& person, Date day);
// A day or two after: a message, and a new card.
void report_fraud(Household& home, const Person& person, Date day);

}  // namespace amity::simulator
