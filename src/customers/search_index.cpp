#include "customers/search_index.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/check.h"
#include "customers/search_tokens.h"

namespace amity::customers {
namespace {

using store::Statement;
using store::Value;

constexpr Statement kFind("search_tokens.find", "SELECT customer_id FROM search_tokens WHERE token = $1 LIMIT 2000");
constexpr Statement kOf("search_tokens.of", "SELECT token FROM search_tokens WHERE customer_id = $1");
constexpr Statement kDrop("search_tokens.drop", "DELETE FROM search_tokens WHERE customer_id = $1");
constexpr Statement kAdd("search_tokens.add",
                         "INSERT INTO search_tokens (token, customer_id) VALUES ($1, $2) ON CONFLICT DO NOTHING");
constexpr Statement kBuiltTo("search_index.built_to", "SELECT built_to FROM search_index WHERE id = 1");
constexpr Statement kWriteBuiltTo("search_index.write_built_to",
                                  "INSERT INTO search_index (id, built_to) VALUES (1, $1) "
                                  "ON CONFLICT (id) DO UPDATE SET built_to = excluded.built_to");
constexpr Statement kNextCustomers("search_index.next_customers",
                                   "SELECT customer_id, sealed_record FROM customers WHERE customer_id > $1 "
                                   "ORDER BY customer_id LIMIT $2");

Uuid uuid_from(ByteView bytes) {
  CHECK(bytes.size() == 16);
  Uuid id;
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

struct SealedRecord {
  Uuid customer;
  Bytes sealed;
};

Result<std::vector<SealedRecord>> next_customers(store::Reader& reader, const Uuid& after, int64_t count) {
  std::vector<SealedRecord> next;
  const Value parameters[] = {ByteView(after.bytes), count};
  TRY(reader.query(kNextCustomers, parameters, [&](const store::Row& row) -> Result<void> {
    next.push_back({uuid_from(row.bytes(0)), Bytes(row.bytes(1).begin(), row.bytes(1).end())});
    return {};
  }));
  return next;
}

Result<CustomerRecord> opened(const SecretKey& key, const SealedRecord& record) {
  const auto plain = TRY(open(key, record.sealed, "customers.sealed_record:" + format(record.customer)));
  return customer_from_json(TRY(parse_json(as_text(plain))));
}

}  // namespace

SearchIndex::SearchIndex(security::KeyStore& keys) : keys_(keys), token_key_(keys.institution_key("search_tokens")) {}

Result<void> SearchIndex::put(store::Transaction& transaction, const Uuid& customer,
                              const CustomerRecord& record) const {
  TRY(drop(transaction, customer));
  for (const auto& word : search_words(record)) {
    const auto token = keyed_digest(token_key_.bytes(), as_bytes(word));
    const Value parameters[] = {ByteView(token).first(16), ByteView(customer.bytes)};
    TRY(transaction.post(kAdd, parameters));
  }
  return {};
}

Result<void> SearchIndex::drop(store::Transaction& transaction, const Uuid& customer) const {
  const Value parameters[] = {ByteView(customer.bytes)};
  return transaction.post(kDrop, parameters);
}

Result<std::map<Uuid, int>> SearchIndex::find(store::Reader& reader, std::string_view query) const {
  if (!TRY(is_whole(reader))) {
    return fail(Code::kUnavailable,
                "the search index is being built again, as after a restored backup: an answer would lack customers; "
                "search again in a few minutes, or open the customer by their reference",
                std::string(kSearchIndexPlace));
  }
  std::map<Uuid, int> matched;
  for (const auto& word : query_words(query)) {
    const auto token = keyed_digest(token_key_.bytes(), as_bytes(word));
    const Value parameters[] = {ByteView(token).first(16)};
    TRY(reader.query(kFind, parameters,
                     [&](const store::Row& row) { return ++matched[uuid_from(row.bytes(0))], Result<void>(); }));
  }
  return matched;
}

Result<Uuid> SearchIndex::built_to(store::Reader& reader) const {
  Uuid last;
  TRY(reader.query(kBuiltTo, {}, [&](const store::Row& row) -> Result<void> {
    return last = row.is_null(0) ? kLastCustomer : uuid_from(row.bytes(0)), Result<void>();
  }));
  return last;
}

Result<bool> SearchIndex::has(store::Reader& reader, const Uuid& customer, const CustomerRecord& record) const {
  std::set<Bytes> wanted;
  for (const auto& word : search_words(record)) {
    const auto token = keyed_digest(token_key_.bytes(), as_bytes(word));
    wanted.emplace(token.begin(), token.begin() + 16);
  }
  std::set<Bytes> stored;
  const Value parameters[] = {ByteView(customer.bytes)};
  TRY(reader.query(kOf, parameters, [&](const store::Row& row) -> Result<void> {
    return stored.emplace(row.bytes(0).begin(), row.bytes(0).end()), Result<void>();
  }));
  return wanted == stored;
}

// Keys go on the thread that writes, too: whoever is erased next is dropped from the index by that.
Result<bool> SearchIndex::build(store::Transaction& transaction, int64_t count) const {
  const auto last = TRY(built_to(transaction));
  if (last == kLastCustomer) return true;
  const auto next = TRY(next_customers(transaction, last, count));
  for (const auto& sealed : next) {
    if (keys_.is_erased(sealed.customer)) continue;
    const auto key = keys_.key_of(sealed.customer);
    if (!key && key.error().code != Code::kNotFound) return std::unexpected(key.error());
    if (!key) continue;
    if (const auto record = opened(*key, sealed)) TRY(put(transaction, sealed.customer, *record));
  }
  const bool is_last = static_cast<int64_t>(next.size()) < count;
  const Value parameters[] = {is_last ? Value() : Value(ByteView(next.back().customer.bytes))};
  TRY(transaction.post(kWriteBuiltTo, parameters));
  return is_last;
}

}  // namespace amity::customers
