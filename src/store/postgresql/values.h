// PostgreSQL's binary forms of values, both ways (documentation of PostgreSQL 15, "binary format" of each type's
// send and receive functions; COPY's file format).
#pragma once

#include <cstdint>
#include <string>

#include "store/database.h"

namespace amity::store {

// The types that statements and tables of the house meet, by their fixed object numbers.
namespace oid {
constexpr unsigned kBool = 16, kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kFloat4 = 700,
                   kFloat8 = 701, kBpchar = 1042, kVarchar = 1043, kNumeric = 1700;
}

// The value as the server expects it for a parameter of this type. invalid: they do not go together.
Result<std::string> encode(const Value& value, unsigned type);

// What a cell of this type says; asking for another kind is our own mistake (CHECK).
int64_t decode_integer(ByteView cell, unsigned type);
double decode_number(ByteView cell, unsigned type);
bool is_text(unsigned type);

void append_big_endian(std::string& out, uint64_t value, int bytes);
uint64_t big_endian(ByteView bytes);

}  // namespace amity::store
