// Loans: asked for, granted by the rule of an old-fashioned bank, paid back each month while the money reaches.
#pragma once

#include "simulator/bank/household.h"

namespace amity::simulator {

void borrow(Household& home, const City& city, Person& person, Date day);
// Monthly payments, and the loan's standing where it changes, at the end of the loan and on the bank's last day.
void repay(Household& home, const City& city, Account& account, Date day);

}  // namespace amity::simulator
