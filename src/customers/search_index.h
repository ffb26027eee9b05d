// What customers are found by: keyed digests of the words of their records, never the words.
//
// The index follows from the records and is no part of a backup; a crash of PostgreSQL empties it. So its tables say
// whether it is whole. Where it is not, it is built again in slices, each in a transaction of its own that also says
// how far it has come; what changes meanwhile is put into it at once. Until the end nobody is searched for: a list that
// lacks some would read like one of all.
#pragma once

#include <map>
#include <string_view>

#include "customers/record.h"
#include "security/keys.h"
#include "store/database.h"

namespace amity::customers {

// The place of the error that says that the index is being built.
constexpr std::string_view kSearchIndexPlace = "search index";
// No id stands behind it.
constexpr Uuid kLastCustomer{{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};

class SearchIndex {
 public:
  explicit SearchIndex(security::KeyStore& keys);

  // Puts the words of this record in the place of those it was found by.
  Result<void> put(store::Transaction& transaction, const Uuid& customer, const CustomerRecord& record) const;
  Result<void> drop(store::Transaction& transaction, const Uuid& customer) const;
  // Customers by how many words of the query they have; also some whose record is gone. unavailable, at
  // kSearchIndexPlace: the index is not whole.
  Result<std::map<Uuid, int>> find(store::Reader& reader, std::string_view query) const;

  // In the order of ids, the last customer the index holds: the nil id where it was emptied, kLastCustomer where it is
  // whole.
  Result<Uuid> built_to(store::Reader& reader) const;
  Result<bool> is_whole(store::Reader& reader) const { return TRY(built_to(reader)) == kLastCustomer; }
  // Whether the customer is found by the words of this record and by no others.
  Result<bool> has(store::Reader& reader, const Uuid& customer, const CustomerRecord& record) const;
  // Builds on where it was left, over the next `count` customers at most; whether the index is whole now. Nobody erased
  // or frozen comes into it, and nobody whose record does not open: who puts that right puts them there.
  Result<bool> build(store::Transaction& transaction, int64_t count) const;

 private:
  security::KeyStore& keys_;
  SecretKey token_key_;
};

}  // namespace amity::customers
