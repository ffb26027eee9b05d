// What an erasure needs to know of the records: who goes, with which accounts, and whom an answer told of.
#include <algorithm>
#include <set>

#include "base/check.h"
#include "customers/customers.h"

namespace amity::customers {
namespace {

using events::EntityKind;
using security::Caller;
using store::Statement;
using store::Value;

constexpr Statement kHasCustomer("customers.has", "SELECT 1 FROM customers WHERE customer_id = $1");
constexpr Statement kHomeOfAccount("accounts.home", "SELECT home_customer_id FROM accounts WHERE account_id = $1");

Uuid uuid_from(ByteView bytes) {
  CHECK(bytes.size() == 16);
  Uuid id;
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

}  // namespace

Result<Customers::Remains> Customers::remains_of(std::span<const Uuid> erased) const {
  Remains remains;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    std::vector<std::pair<Uuid, Uuid>> accounts;  // with their home
    for (const auto& id : erased) {
      const Value parameters[] = {ByteView(id.bytes)};
      TRY(reader.query(kHasCustomer, parameters,
                       [&](const store::Row&) { return remains.customers[id], Result<void>(); }));
      TRY(reader.query(kHomeOfAccount, parameters, [&](const store::Row& row) -> Result<void> {
        return accounts.emplace_back(id, uuid_from(row.bytes(0))), Result<void>();
      }));
    }
    for (const auto& [account, home] : accounts) {
      const auto goes_with = remains.customers.find(home);
      (goes_with != remains.customers.end() ? goes_with->second : remains.accounts).push_back(account);
    }
    return {};
  }));
  return remains;
}

Result<std::vector<std::string>> Customers::references_of(const Caller& caller, std::string_view reference) const {
  std::vector<std::string> references;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    const auto person = visible_person(caller, reader, reference);
    if (!person && person.error().code != Code::kNotFound) return std::unexpected(person.error());
    if (!person || person->ids.size() == 1) return references.emplace_back(reference), Result<void>();
    for (const auto& id : person->ids) references.push_back(TRY(customer_record(reader, id)).reference);
    return {};
  }));
  return references;
}

// Nobody else holds it today: who has left it or has been erased does not keep it.
Result<bool> Customers::is_sole_holder(store::Reader& reader, const Uuid& account, std::string_view reference) const {
  const auto record = TRY(account_record(reader, account));
  return std::ranges::none_of(record.holders, [&](const auto& holder) {
    return holder.first != reference && !holder.second.ended && !parts_.keys.is_erased(holder.second.customer_id);
  });
}

Result<std::vector<Uuid>> Customers::sole_accounts(const Caller& caller, store::Reader& reader,
                                                   std::string_view reference) const {
  std::vector<Uuid> sole;
  TRY(visible_person(caller, reader, reference));
  const auto id = parts_.pseudonyms.of({EntityKind::kCustomer, std::string(reference)}).id;
  if (parts_.keys.is_erased(id)) return sole;            // frozen, and shown for the law alone
  const auto record = TRY(customer_record(reader, id));  // what is held under this very reference
  for (const auto& [key, link] : record.accounts) {
    if (parts_.keys.is_erased(link.account_id)) continue;  // went with its last holder
    if (TRY(is_sole_holder(reader, link.account_id, reference))) sole.push_back(link.account_id);
  }
  return sole;
}

Result<std::vector<Uuid>> Customers::concerned_by(std::span<const int64_t> seqs) const {
  std::set<Uuid> concerned;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    for (const auto seq : seqs) {
      for (const auto& entity : TRY(parts_.log.at(reader, seq)).entities) {
        const bool is_account = entity.kind == EntityKind::kAccount;
        if (is_account || entity.kind == EntityKind::kCustomer) concerned.insert(entity.id);
        if (!is_account) continue;
        const Value parameters[] = {ByteView(entity.id.bytes)};
        TRY(reader.query(kHomeOfAccount, parameters, [&](const store::Row& row) -> Result<void> {
          return concerned.insert(uuid_from(row.bytes(0))), Result<void>();
        }));
      }
    }
    return {};
  }));
  const auto links = parts_.live.links_now();
  for (const auto& id : std::vector<Uuid>(concerned.begin(), concerned.end())) {
    const auto one = links->one_with(id);
    concerned.insert(one.begin(), one.end());
  }
  return std::vector<Uuid>(concerned.begin(), concerned.end());
}

}  // namespace amity::customers
