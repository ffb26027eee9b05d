// Card fraud, as it looks from the bank: tried-out card numbers, taken-over accounts, stolen cards.
#pragma once

#include "simulator/bank/household.h"

namespace amity::simulator {

// Rarely, somebody else uses the account today. The events only hint at it; the truth is told apart.
void suffer_fraud(Household& home, const City& city, Account& account, Date day);

}  // namespace amity::simulator
