#include "customers/rebuild.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace amity::customers {
namespace {

using store::Statement;
using store::Value;

constexpr int64_t kChunkEvents = 10'000;
constexpr size_t kPageRows = 1000;

constexpr Statement kCustomers("customers.page",
                               "SELECT customer_id, partition_id, unit, last_seq, sealed_record FROM customers "
                               "WHERE customer_id > $1 ORDER BY customer_id LIMIT 1000");
constexpr Statement kAccounts("accounts.page",
                              "SELECT account_id, partition_id, unit, last_seq, sealed_record, home_customer_id "
                              "FROM accounts WHERE account_id > $1 ORDER BY account_id LIMIT 1000");
constexpr Statement kDropCustomer("customers.drop_damaged", "DELETE FROM customers WHERE customer_id = $1");
constexpr Statement kDropAccount("accounts.drop_damaged", "DELETE FROM accounts WHERE account_id = $1");

Uuid uuid_from(ByteView bytes) {
  CHECK(bytes.size() == 16);
  Uuid id;
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

// A row as it is stored, apart from its key.
struct StoredRow {
  Uuid id;
  int64_t partition = 0;
  std::string unit;
  int64_t last_seq = 0;
  std::string record;  // opened; empty where it does not open
  Uuid home;           // of an account
  bool operator==(const StoredRow&) const = default;
};

StoredRow row_of(const Uuid& id, const LiveCustomer& customer) {
  const auto& record = customer.record;
  return {id, customer.partition, record.unit(), record.last_seq, write_json(to_json(record)), {}};
}

StoredRow row_of(const Uuid& id, const LiveAccount& account) {
  const auto& record = account.record;
  return {id, account.partition, record.unit(), record.last_seq, write_json(to_json(record)), account.home_customer};
}

Result<void> go_on(const std::stop_token& stop) {
  if (!stop.stop_requested()) return {};
  return fail(Code::kUnavailable, "the server is stopping: nothing was changed, rebuild again later");
}

// Every row of a table in the order of its ids, in pages.
Result<void> each_row(store::Reader& reader, const Rebuild::Parts& parts, const Statement& page_of,
                      std::string_view table, const std::function<Result<void>(const StoredRow&)>& each) {
  Uuid after;
  for (std::vector<StoredRow> page(kPageRows); page.size() == kPageRows;) {
    TRY(go_on(parts.stop));
    page.clear();
    const Value parameters[] = {ByteView(after.bytes)};
    TRY(reader.query(page_of, parameters, [&](const store::Row& row) -> Result<void> {
      StoredRow stored{uuid_from(row.bytes(0)), row.integer(1), std::string(row.text(2)), row.integer(3), {}, {}};
      const auto key = parts.keys.key_of(stored.id);
      if (key) {
        const auto plain = open(*key, row.bytes(4), std::string(table) + ".sealed_record:" + format(stored.id));
        if (plain) stored.record = as_text(*plain);
      }
      if (table == "accounts") stored.home = uuid_from(row.bytes(5));
      page.push_back(std::move(stored));
      return {};
    }));
    for (const auto& stored : page) TRY(each(stored));
    if (!page.empty()) after = page.back().id;
  }
  return {};
}

}  // namespace

json::object to_json(const RebuildReport& report) {
  return {{"customers", report.customer_count},
          {"accounts", report.account_count},
          {"differences", report.difference_count},
          {"is_put_right", report.is_put_right}};
}

Rebuild::Rebuild(Parts parts) : parts_(parts), search_index_(parts.keys), copy_(parts.pseudonyms) {}

Result<void> Rebuild::build(const OnProgress& on_progress) {
  int64_t last = 0;
  do {
    TRY(go_on(parts_.stop));
    TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
      last = TRY(parts_.log.last_seq(reader));
      const auto to = std::min(last, built_seq_ + kChunkEvents);
      TRY(parts_.log.scan(reader, built_seq_ + 1, to, [&](const events::Event& event) -> Result<void> {
        if (!event.is_erased && !events::is_erasure(event)) copy_.apply(event);
        copy_.publish();
        return {};
      }));
      built_seq_ = to;
      return {};
    }));
    if (on_progress) on_progress(built_seq_, last);
  } while (built_seq_ < last);
  return {};
}

Result<void> Rebuild::catch_up(store::Reader& reader) {
  const auto last = TRY(parts_.log.last_seq(reader));
  TRY(parts_.log.scan(reader, built_seq_ + 1, last, [&](const events::Event& event) -> Result<void> {
    if (events::is_erasure(event)) {
      return fail(Code::kConflict, "a customer was erased while the records were built: rebuild once more");
    }
    copy_.apply(event);
    copy_.publish();
    return {};
  }));
  built_seq_ = last;
  return {};
}

const LiveCustomer* Rebuild::customer(const Uuid& id) const {
  const auto* found = copy_.customer(id);
  return found == nullptr || parts_.keys.is_erased(id) ? nullptr : found;
}

const LiveAccount* Rebuild::account(const Uuid& id) const {
  const auto* found = copy_.account(id);
  return found == nullptr || parts_.keys.is_erased(id) ? nullptr : found;
}

Result<RebuildReport> Rebuild::compare(store::Reader& reader) {
  TRY(catch_up(reader));
  copy_.leave_out([this](const Uuid& owner) { return parts_.keys.is_erased(owner); });
  RebuildReport report;
  copy_.each_customer([&](const Uuid& id, const LiveCustomer&) { report.customer_count += customer(id) != nullptr; });
  copy_.each_account([&](const Uuid& id, const LiveAccount&) { report.account_count += account(id) != nullptr; });
  TRY(compare_customers(reader));
  TRY(compare_accounts(reader));
  are_links_other_ = copy_.links().all() != parts_.live.links_now()->all();
  report.difference_count = static_cast<int64_t>(customers_.size() + accounts_.size()) + are_links_other_;
  return report;
}

Result<void> Rebuild::compare_customers(store::Reader& reader) {
  customers_.clear();
  const auto indexed_to = TRY(search_index_.built_to(reader));
  copy_.each_customer([&](const Uuid& id, const LiveCustomer&) {
    if (customer(id) != nullptr) customers_.insert(id);
  });
  return each_row(reader, parts_, kCustomers, "customers", [&](const StoredRow& row) -> Result<void> {
    const auto unsettled = parts_.live.unsettled_customer(row.id);
    const auto stored = unsettled ? row_of(row.id, *unsettled) : row;
    const auto* rebuilt = customer(stored.id);
    const bool is_equal = rebuilt != nullptr && stored == row_of(stored.id, *rebuilt) &&
                          (stored.id > indexed_to || TRY(search_index_.has(reader, stored.id, rebuilt->record)));
    is_equal ? void(customers_.erase(stored.id)) : void(customers_.insert(stored.id));
    return {};
  });
}

Result<void> Rebuild::compare_accounts(store::Reader& reader) {
  accounts_.clear();
  copy_.each_account([&](const Uuid& id, const LiveAccount&) {
    if (account(id) != nullptr) accounts_.insert(id);
  });
  return each_row(reader, parts_, kAccounts, "accounts", [&](const StoredRow& row) -> Result<void> {
    const auto unsettled = parts_.live.unsettled_account(row.id);
    const auto stored = unsettled ? row_of(row.id, *unsettled) : row;
    const auto* rebuilt = account(stored.id);
    const bool is_equal = rebuilt != nullptr && stored == row_of(stored.id, *rebuilt);
    is_equal ? void(accounts_.erase(stored.id)) : void(accounts_.insert(stored.id));
    return {};
  });
}

Result<void> Rebuild::put_right(store::Transaction& transaction, LiveRecords& live) {
  // The rows go first: of one that stands, saving keeps where it belongs.
  for (const auto& id : customers_) {
    TRY(transaction.post(kDropCustomer, std::array<Value, 1>{ByteView(id.bytes)}));
    live.replace(id, customer(id));
  }
  for (const auto& id : accounts_) {
    TRY(transaction.post(kDropAccount, std::array<Value, 1>{ByteView(id.bytes)}));
    live.replace(id, account(id));
  }
  if (are_links_other_) live.replace(copy_.links());
  return live.save(transaction);
}

}  // namespace amity::customers
