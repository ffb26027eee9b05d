#include "customers/live_records.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "events/catalogue.h"
#include "events/log.h"

namespace amity::customers {
namespace {

using events::Entity;
using events::EntityKind;
using events::Event;
using store::Statement;
using store::Value;

// Many ids in one question: a JSON list of hexadecimal ids.
constexpr Statement kLoadCustomers("customers.load",
                                   "SELECT c.customer_id, c.partition_id, c.sealed_record FROM json_each($1) AS wanted "
                                   "JOIN customers AS c ON c.customer_id = unhex(wanted.value)",
                                   "SELECT c.customer_id, c.partition_id, c.sealed_record FROM "
                                   "json_array_elements_text(CAST(CAST($1 AS text) AS json)) AS wanted "
                                   "JOIN customers AS c ON c.customer_id = decode(wanted.value, 'hex')");
constexpr Statement kLoadAccounts("accounts.load",
                                  "SELECT a.account_id, a.home_customer_id, a.partition_id, a.sealed_record FROM "
                                  "json_each($1) AS wanted JOIN accounts AS a ON a.account_id = unhex(wanted.value)",
                                  "SELECT a.account_id, a.home_customer_id, a.partition_id, a.sealed_record FROM "
                                  "json_array_elements_text(CAST(CAST($1 AS text) AS json)) AS wanted "
                                  "JOIN accounts AS a ON a.account_id = decode(wanted.value, 'hex')");
constexpr Statement kSaveCustomer("customers.save",
                                  "INSERT INTO customers (customer_id, partition_id, unit, last_seq, sealed_record) "
                                  "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (customer_id) DO UPDATE SET "
                                  "unit = excluded.unit, last_seq = excluded.last_seq, "
                                  "sealed_record = excluded.sealed_record");
constexpr Statement kSaveAccount(
    "accounts.save",
    "INSERT INTO accounts (account_id, home_customer_id, partition_id, unit, last_seq, "
    "sealed_record) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id) DO UPDATE SET "
    "unit = excluded.unit, last_seq = excluded.last_seq, "
    "sealed_record = excluded.sealed_record");
constexpr Statement kReadSettled("customers.read_settled", "SELECT records_seq FROM settled WHERE id = 1");
constexpr Statement kWriteSettled("customers.write_settled", "UPDATE settled SET records_seq = $1 WHERE id = 1");
constexpr Statement kDropCustomer("customers.drop", "DELETE FROM customers WHERE customer_id = $1");
constexpr Statement kDropAccount("accounts.drop", "DELETE FROM accounts WHERE account_id = $1");
constexpr Statement kLinks("customers.links",
                           "SELECT customer_id, into_id, made_seq, made_us, undone_seq, undone_us FROM customer_links "
                           "ORDER BY customer_id, made_seq");
constexpr Statement kSaveLink(
    "customers.save_link",
    "INSERT INTO customer_links (customer_id, into_id, made_seq, made_us, undone_seq, "
    "undone_us) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (customer_id, made_seq) DO UPDATE "
    "SET undone_seq = excluded.undone_seq, undone_us = excluded.undone_us");
constexpr Statement kDropLinks("customers.drop_links",
                               "DELETE FROM customer_links WHERE customer_id = $1 OR into_id = $1");
constexpr Statement kDropAllLinks("customers.drop_all_links", "DELETE FROM customer_links");

std::string hex_list(std::span<const Uuid> ids) {
  json::array list;
  for (const auto& id : ids) list.push_back(json::string(to_hex(id.bytes)));
  return write_json(list);
}

Uuid uuid_from(ByteView bytes) {
  CHECK(bytes.size() == 16);
  Uuid id;
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

std::string customer_place(const Uuid& id) { return "customers.sealed_record:" + format(id); }
std::string account_place(const Uuid& id) { return "accounts.sealed_record:" + format(id); }

void add_distinct(std::vector<Entity>& entities, const Entity& entity) {
  if (std::ranges::find(entities, entity) == entities.end()) entities.push_back(entity);
}

// The customers an event names in its data: holders of a new account, somebody joining, a relative.
std::vector<std::string> customers_named(const Event& event) {
  std::vector<std::string> names;
  const auto* type = events::find_type(event.type);
  for (const auto& field : type->fields) {
    const auto* value = event.data.if_contains(field.name);
    if (value == nullptr || value->is_null()) continue;
    if (field.kind == events::FieldKind::kHolders) {
      for (const auto& holder : value->get_array()) {
        names.emplace_back(holder.get_object().at("customer").get_string());
      }
    } else if (field.kind == events::FieldKind::kReference && field.entity == EntityKind::kCustomer) {
      names.emplace_back(value->get_string());
    }
  }
  return names;
}

// Whether the customer's own record is the fold of it, too: events about them, and those that link them to an account.
bool is_folded_into(const Event& event, const Uuid& customer, const events::Pseudonyms& pseudonyms) {
  if (event.subject.kind == EntityKind::kCustomer) return event.entities[0].id == customer;
  const auto linked = customers_linked_by(event, pseudonyms);
  return std::ranges::find(linked, customer) != linked.end();
}

void add_things_named(Event& event, const events::Pseudonyms& pseudonyms) {
  const auto* type = events::find_type(event.type);
  for (const auto& field : type->fields) {
    if (field.kind != events::FieldKind::kReference || field.entity == EntityKind::kCustomer) continue;
    const auto* value = event.data.if_contains(field.name);
    if (value == nullptr || value->is_null()) continue;
    add_distinct(event.entities, pseudonyms.of({field.entity, std::string(value->get_string())}));
  }
}

std::unexpected<Error> unknown_customer(std::string place) {
  return fail(Code::kUnprocessable,
              "nobody is registered under this customer reference: send customer.registered first", std::move(place));
}

std::unexpected<Error> outside_unit(std::string place) {
  return fail(Code::kForbidden, "not registered in your unit", std::move(place));
}

json::object view_of(const CustomerRecord& record) {
  json::object view;
  for (const auto& [name, known] : record.values) view[name] = known.value;
  json::object consents;
  for (const auto& [purpose, consent] : record.consents) consents[purpose] = consent.given;
  view["consents"] = std::move(consents);
  return view;
}

// Where in an event the customers stand that it names.
std::string place_of_named(const Event& event) {
  if (event.subject.kind == EntityKind::kCustomer) return "/data/other";
  return event.type == "account.opened" ? "/data/holders" : "/data/customer";
}

}  // namespace

int partition_of(const Uuid& customer) { return events::partition_of(customer); }

Uuid institution_home() {
  const auto digest = amity::digest(as_bytes("the institution's own"));
  return make_uuid_v8(std::span<const uint8_t, 16>(digest.data(), 16));
}

LiveRecords::LiveRecords(const events::Pseudonyms& pseudonyms, security::KeyStore& keys, const events::EventLog& log,
                         size_t cache_limit)
    : pseudonyms_(pseudonyms),
      keys_(&keys),
      log_(&log),
      search_index_(std::in_place, keys),
      customers_(cache_limit),
      accounts_(cache_limit) {}

LiveRecords::LiveRecords(const events::Pseudonyms& pseudonyms)
    : pseudonyms_(pseudonyms), customers_(SIZE_MAX), accounts_(SIZE_MAX) {}

Result<void> LiveRecords::load(store::Reader& reader, std::span<const Event> batch) {
  std::vector<Uuid> customers;
  std::vector<Uuid> accounts;
  std::vector<Uuid> beginning;
  for (const auto& event : batch) {
    if (events::is_erasure(event)) continue;  // nothing of it can be opened any more
    const auto subject = pseudonyms_.of(event.subject);
    auto& list = subject.kind == EntityKind::kCustomer ? customers : accounts;
    list.push_back(subject.id);
    if (event.type == "customer.registered" || event.type == "account.opened") beginning.push_back(subject.id);
    for (const auto& name : customers_named(event)) {
      customers.push_back(pseudonyms_.of({EntityKind::kCustomer, name}).id);
    }
  }
  TRY(load_customers(reader, customers));
  TRY(load_accounts(reader, accounts));
  std::erase_if(beginning, [&](const Uuid& id) { return keys_->is_erased(id); });
  return keys_->ensure(beginning);
}

Result<void> LiveRecords::load_customers(store::Reader& reader, std::span<const Uuid> ids) {
  std::vector<Uuid> missing;
  std::ranges::copy_if(ids, std::back_inserter(missing),
                       [&](const Uuid& id) { return customers_.find(id) == nullptr; });
  for (auto& [id, live, is_newer] : TRY(read_customers(reader, missing))) {
    is_newer ? customers_.put_unsettled(id, std::move(live)) : customers_.put(id, std::move(live));
  }
  return {};
}

Result<void> LiveRecords::load_accounts(store::Reader& reader, std::span<const Uuid> ids) {
  std::vector<Uuid> missing;
  std::ranges::copy_if(ids, std::back_inserter(missing), [&](const Uuid& id) { return accounts_.find(id) == nullptr; });
  std::vector<Uuid> holders;  // whose states are sealed with their keys
  for (auto& [id, live, is_newer] : TRY(read_accounts(reader, missing))) {
    for (const auto& [reference, holder] : live->record.holders) holders.push_back(holder.customer_id);
    is_newer ? accounts_.put_unsettled(id, std::move(live)) : accounts_.put(id, std::move(live));
  }
  return keys_->bring_in(holders);
}

// The row of who has been erased goes with the event that says so: until then it is nobody's.
Result<std::vector<LiveRecords::Read<LiveCustomer>>> LiveRecords::read_customers(store::Reader& reader,
                                                                                 std::span<const Uuid> ids) const {
  std::vector<Read<LiveCustomer>> found;
  if (ids.empty()) return found;
  TRY(keys_->bring_in(ids));
  const auto list = hex_list(ids);
  const Value parameters[] = {std::string_view(list)};
  TRY(reader.query(kLoadCustomers, parameters, [&](const store::Row& row) -> Result<void> {
    const Uuid id = uuid_from(row.bytes(0));
    if (keys_->is_erased(id)) return {};
    const auto key = TRY(keys_->key_of(id));
    const auto plain = TRY(open(key, row.bytes(2), customer_place(id)));
    auto record = TRY(customer_from_json(TRY(parse_json(as_text(plain)))));
    found.push_back({id, std::make_shared<LiveCustomer>(std::move(record), static_cast<int>(row.integer(1)))});
    return {};
  }));
  TRY(bring_up(reader, found, [this](const Uuid& id, const Event& event) {
    return !events::is_erasure(event) && is_folded_into(event, id, pseudonyms_);
  }));
  return found;
}

Result<std::vector<LiveRecords::Read<LiveAccount>>> LiveRecords::read_accounts(store::Reader& reader,
                                                                               std::span<const Uuid> ids) const {
  std::vector<Read<LiveAccount>> found;
  if (ids.empty()) return found;
  TRY(keys_->bring_in(ids));
  const auto list = hex_list(ids);
  const Value parameters[] = {std::string_view(list)};
  TRY(reader.query(kLoadAccounts, parameters, [&](const store::Row& row) -> Result<void> {
    const Uuid id = uuid_from(row.bytes(0));
    if (keys_->is_erased(id)) return {};
    const auto key = TRY(keys_->key_of(id));
    const auto plain = TRY(open(key, row.bytes(3), account_place(id)));
    auto record = TRY(account_from_json(TRY(parse_json(as_text(plain)))));
    found.push_back({id, std::make_shared<LiveAccount>(std::move(record), uuid_from(row.bytes(1)),
                                                       static_cast<int>(row.integer(2)))});
    return {};
  }));
  TRY(bring_up(reader, found, [](const Uuid& id, const Event& event) {
    return !events::is_erasure(event) && event.entities[0].id == id;
  }));
  return found;
}

// Folds in what came after the rows were written.
template <class T, class Folds>
Result<void> LiveRecords::bring_up(store::Reader& reader, std::vector<Read<T>>& read, const Folds& folds) const {
  if (read.empty()) return {};
  const int64_t written = TRY(watermark(reader));
  std::vector<events::Since> wanted;
  for (const auto& [id, live, is_newer] : read) wanted.push_back({id, std::max(written, live->record.last_seq)});
  return log_->since(reader, wanted, [&](size_t i, const Event& event) -> Result<void> {
    if (event.is_erased || !folds(read[i].id, event)) return {};
    fold(read[i].live->record, event, pseudonyms_);
    read[i].is_newer = true;
    return {};
  });
}

// An unsettled record may be newer than the reader's snapshot by a commit that followed it; never by one that did not.
Result<std::shared_ptr<const LiveCustomer>> LiveRecords::customer_now(store::Reader& reader, const Uuid& id) const {
  if (keys_->is_erased(id)) return nullptr;
  if (auto live = unsettled_customer(id)) return live;
  auto read = TRY(read_customers(reader, std::span(&id, 1)));
  return read.empty() ? nullptr : std::move(read[0].live);
}

Result<std::shared_ptr<const LiveAccount>> LiveRecords::account_now(store::Reader& reader, const Uuid& id) const {
  if (keys_->is_erased(id)) return nullptr;
  if (auto live = unsettled_account(id)) return live;
  auto read = TRY(read_accounts(reader, std::span(&id, 1)));
  return read.empty() ? nullptr : std::move(read[0].live);
}

Result<void> LiveRecords::resolve(Event& event) const {
  if (events::is_erasure(event)) return resolve_erasure(event);
  event.entities = {pseudonyms_.of(event.subject)};
  event.home = event.entities[0].id;
  if (keys_ != nullptr && keys_->is_erased(event.home)) {
    return fail(Code::kUnprocessable, "the data of this subject has been erased: nothing more is recorded about it",
                "/subject");
  }
  TRY(event.subject.kind == EntityKind::kCustomer ? resolve_customer(event) : resolve_account(event));
  add_things_named(event, pseudonyms_);
  return {};
}

// It names pseudonyms: of the person no reference may be kept. Its data is the institution's own.
Result<void> LiveRecords::resolve_erasure(Event& event) const {
  const Uuid subject = TRY(parse_uuid(event.subject.key));
  event.entities = {{event.subject.kind, subject}};
  event.home = institution_home();
  event.partition = partition_of(subject);
  const auto* accounts = event.data.if_contains("accounts");
  std::string_view rest = accounts == nullptr ? std::string_view() : std::string_view(accounts->get_string());
  while (!rest.empty()) {
    event.entities.push_back({EntityKind::kAccount, TRY(parse_uuid(rest.substr(0, 36)))});
    rest.remove_prefix(std::min<size_t>(rest.size(), 37));
  }
  return {};
}

// Not who is being erased at this moment either: their key has gone before their record does.
bool LiveRecords::is_known(const Uuid& customer) const {
  return customers_.find(customer) != nullptr && (keys_ == nullptr || !keys_->is_erased(customer));
}

Result<void> LiveRecords::check_unit(store::Reader& reader, const security::Caller& caller, const Event& event) {
  if (caller.sees_unit("/")) return {};
  TRY(check_subject(reader, caller, event));
  const auto* unit = event.data.if_contains("unit");
  if (unit != nullptr && !caller.sees_unit(std::string_view(unit->get_string()))) return outside_unit("/data/unit");
  for (const auto& name : customers_named(event)) {
    const auto named = pseudonyms_.of({EntityKind::kCustomer, name});
    if (!TRY(is_seen(reader, caller, named.id))) return outside_unit(place_of_named(event));
  }
  return {};
}

Result<void> LiveRecords::check_subject(store::Reader& reader, const security::Caller& caller, const Event& event) {
  const auto subject = pseudonyms_.of(event.subject);
  if (subject.kind == EntityKind::kCustomer) {
    if (TRY(is_seen(reader, caller, subject.id))) return {};
    const bool is_new = customers_.find(subject.id) == nullptr && (keys_ == nullptr || !keys_->is_erased(subject.id));
    const bool begins_here = event.type == "customer.registered" && event.data.if_contains("unit") != nullptr;
    return is_new && begins_here ? Result<void>() : outside_unit("/subject");
  }
  TRY(load_accounts(reader, std::span(&subject.id, 1)));
  const auto* known = accounts_.find(subject.id);
  if (known == nullptr) return event.type == "account.opened" ? Result<void>() : outside_unit("/subject");
  return TRY(is_seen(reader, caller, known->home_customer)) ? Result<void>() : outside_unit("/subject");
}

Result<bool> LiveRecords::is_seen(store::Reader& reader, const security::Caller& caller, const Uuid& customer) {
  TRY(load_customers(reader, std::span(&customer, 1)));
  if (!is_known(customer)) return false;
  const auto unit = customers_.find(customer)->record.unit();
  return caller.sees_unit(unit.empty() ? "/" : unit);
}

Result<void> LiveRecords::resolve_customer(Event& event) const {
  const bool begins = event.type == "customer.registered";
  if (!begins && customers_.find(event.home) == nullptr) return unknown_customer("/subject");
  event.partition = partition_of(event.home);
  for (const auto& name : customers_named(event)) {
    const auto other = pseudonyms_.of({EntityKind::kCustomer, name});
    if (!is_known(other.id)) return unknown_customer(place_of_named(event));
    add_distinct(event.entities, other);
  }
  return {};
}

Result<void> LiveRecords::resolve_account(Event& event) const {
  const auto* known = accounts_.find(event.home);
  const bool begins = event.type == "account.opened";
  if (!begins && known == nullptr) {
    return fail(Code::kUnprocessable, "no account is open under this reference: send account.opened first", "/subject");
  }
  for (const auto& name : customers_named(event)) {
    const auto holder = pseudonyms_.of({EntityKind::kCustomer, name});
    if (!is_known(holder.id)) return unknown_customer(place_of_named(event));
    add_distinct(event.entities, holder);
  }
  if (known != nullptr) {
    event.partition = known->partition;
    for (const auto& [reference, holder] : known->record.holders) {
      const bool is_gone = holder.ended || (keys_ != nullptr && keys_->is_erased(holder.customer_id));
      if (!is_gone) add_distinct(event.entities, {EntityKind::kCustomer, holder.customer_id});
    }
  } else {
    if (event.entities.size() < 2) return invalid("an account has at least one holder", "/data/holders");
    event.partition = partition_of(event.entities[1].id);  // its first known owner's, for ever
  }
  return {};
}

void LiveRecords::apply(const Event& event) {
  if (events::is_erasure(event)) return erase(event);
  if (is_link(event)) {
    stage_links().apply(event);
    return relinked_.push_back(event.entities[1].id);
  }
  const Uuid& subject = event.entities[0].id;
  const bool is_pressing = event.type.starts_with("customer.") || event.type.starts_with("account.");
  if (is_pressing) pressing_.insert(subject);
  if (event.subject.kind == EntityKind::kCustomer) {
    fold_into(subject, event);
    if (event.type == "customer.registered" || event.type == "customer.updated") renamed_.push_back(subject);
    return;
  }
  auto& account = accounts_.stage(subject);
  if (account.home_customer.is_nil()) account.home_customer = event.entities[1].id;
  account.partition = event.partition;
  if (account.record.last_seq < event.seq) fold(account.record, event, pseudonyms_);
  for (const auto& customer : customers_linked_by(event, pseudonyms_)) {
    fold_into(customer, event);
    pressing_.insert(customer);
    renamed_.push_back(customer);
  }
}

// Once: after a crash a record may hold the event already. Nobody erased comes back.
void LiveRecords::fold_into(const Uuid& id, const Event& event) {
  if (keys_ != nullptr && keys_->is_erased(id)) return;
  auto& customer = customers_.stage(id);
  if (customer.record.last_seq >= event.seq) return;
  const bool is_subject = event.subject.kind == EntityKind::kCustomer;
  if (is_subject) customer.partition = event.partition;
  fold(customer.record, event, pseudonyms_);
}

// The customer goes, and with them every account that nobody else holds (their keys are already destroyed).
void LiveRecords::erase(const Event& event) {
  for (const auto& entity : event.entities) {
    const bool is_account = entity.kind == EntityKind::kAccount;
    is_account ? accounts_.forget(entity.id) : customers_.forget(entity.id);
    (is_account ? erased_accounts_ : erased_customers_).push_back(entity.id);
    if (!is_account && !links().is_empty()) stage_links().forget(entity.id);
  }
}

Result<void> LiveRecords::forget_named(store::Reader& reader, const Event& erasure, const History& history) {
  if (keys_ == nullptr) return {};
  std::set<Entity> others;  // the accounts and customers of their events: nobody else can name them
  for (const auto& erased : erasure.entities) {
    TRY(history(erased, erasure.seq - 1, kLatest, [&](const Event& past) -> Result<void> {
      for (const auto& entity : past.entities) {
        const bool has_record = entity.kind == EntityKind::kCustomer || entity.kind == EntityKind::kAccount;
        if (has_record && !keys_->is_erased(entity.id)) others.insert(entity);
      }
      return {};
    }));
  }
  for (const auto& other : others) TRY(forget_named_by(reader, other, erasure.seq - 1, history));
  return {};
}

// A customer who once held an account that is gone is folded anew: the times of its events are gone as well.
Result<void> LiveRecords::forget_named_by(store::Reader& reader, const Entity& other, int64_t max_seq,
                                          const History& history) {
  const IsErased is_erased = [this](const Uuid& owner) { return keys_->is_erased(owner); };
  if (other.kind == EntityKind::kAccount) {
    TRY(load_accounts(reader, std::span(&other.id, 1)));
    const auto* known = accounts_.find(other.id);
    if (known == nullptr) return {};
    auto account = *known;
    if (customers::leave_out(account.record, is_erased, pseudonyms_)) replace(other.id, &account);
    return {};
  }
  TRY(load_customers(reader, std::span(&other.id, 1)));
  const auto* known = customers_.find(other.id);
  if (known == nullptr) return {};
  auto customer = *known;
  if (!customers::leave_out(customer.record, is_erased, pseudonyms_)) return {};
  if (customer.record.accounts.size() != known->record.accounts.size()) {
    customer.record = {};
    TRY(history(other, max_seq, kLatest, [&](const Event& past) -> Result<void> {
      if (!past.is_erased && is_folded_into(past, other.id, pseudonyms_)) fold(customer.record, past, pseudonyms_);
      return {};
    }));
    customers::leave_out(customer.record, is_erased, pseudonyms_);
  }
  replace(other.id, &customer);
  return {};
}

std::shared_ptr<const Links> LiveRecords::links_now() const {
  const std::scoped_lock lock(links_mutex_);
  return links_;
}

Links& LiveRecords::stage_links() {
  if (!staged_links_) staged_links_ = std::make_shared<Links>(*links_);
  return *staged_links_;
}

Result<void> LiveRecords::take_up_links(store::Reader& reader) {
  auto links = std::make_shared<Links>();
  TRY(reader.query(kLinks, {}, [&](const store::Row& row) -> Result<void> {
    Link link{uuid_from(row.bytes(0)), uuid_from(row.bytes(1)), {row.integer(2), {row.integer(3)}}};
    if (!row.is_null(4)) link.undone = {row.integer(4), {row.integer(5)}};
    return links->add(link), Result<void>();
  }));
  const std::scoped_lock lock(links_mutex_);
  links_ = std::move(links);
  return {};
}

void LiveRecords::replace(Links links) {
  staged_links_ = std::make_shared<Links>(std::move(links));
  are_links_replaced_ = true;
}

Result<void> LiveRecords::save_links(store::Transaction& transaction) {
  if (are_links_replaced_) TRY(transaction.post(kDropAllLinks, {}));
  const auto changed = are_links_replaced_ ? links().all() : std::vector<Link>();
  const auto save = [&](const Link& link) {
    const auto undone = link.undone.value_or(LinkMoment{});
    const Value seq = link.undone ? Value(undone.seq) : Value();
    const Value time = link.undone ? Value(undone.time.us) : Value();
    const Value parameters[] = {
        ByteView(link.customer.bytes), ByteView(link.into.bytes), link.made.seq, link.made.time.us, seq, time};
    return transaction.post(kSaveLink, parameters);
  };
  for (const auto& link : changed) TRY(save(link));
  for (const auto& id : relinked_) {
    for (const auto& link : links().of(id)) TRY(save(link));
  }
  for (const auto& id : erased_customers_) {
    const Value parameters[] = {ByteView(id.bytes)};
    TRY(transaction.post(kDropLinks, parameters));
  }
  return {};
}

void LiveRecords::replace(const Uuid& id, const LiveCustomer* customer) {
  if (customer == nullptr) return customers_.forget(id), erased_customers_.push_back(id);
  customers_.stage(id) = *customer;
  pressing_.insert(id);
  renamed_.push_back(id);
}

void LiveRecords::replace(const Uuid& id, const LiveAccount* account) {
  if (account == nullptr) return accounts_.forget(id), erased_accounts_.push_back(id);
  accounts_.stage(id) = *account;
  pressing_.insert(id);
}

void LiveRecords::leave_out(const IsErased& is_erased) {
  each_customer([&](const Uuid& id, const LiveCustomer& known) {
    auto customer = known;
    if (customers::leave_out(customer.record, is_erased, pseudonyms_)) customers_.stage(id) = std::move(customer);
  });
  each_account([&](const Uuid& id, const LiveAccount& known) {
    auto account = known;
    if (customers::leave_out(account.record, is_erased, pseudonyms_)) accounts_.stage(id) = std::move(account);
  });
  for (const auto& link : links().all()) {
    for (const auto& id : {link.customer, link.into}) {
      if (is_erased(id)) stage_links().forget(id);
    }
  }
  publish();
}

Result<void> LiveRecords::save(store::Transaction& transaction) {
  for (const auto& [id, customer] : customers_.staged()) {
    if (pressing_.contains(id)) TRY(save_customer(transaction, id, *customer));
  }
  for (const auto& [id, account] : accounts_.staged()) {
    if (pressing_.contains(id)) TRY(save_account(transaction, id, *account));
  }
  for (const auto& id : renamed_) {
    if (const auto* customer = customers_.find(id)) TRY(search_index_->put(transaction, id, customer->record));
  }
  for (const auto& id : erased_customers_) {
    const Value parameters[] = {ByteView(id.bytes)};
    TRY(search_index_->drop(transaction, id));
    TRY(transaction.post(kDropCustomer, parameters));
  }
  for (const auto& id : erased_accounts_) {
    const Value parameters[] = {ByteView(id.bytes)};
    TRY(transaction.post(kDropAccount, parameters));
  }
  return save_links(transaction);
}

Result<void> LiveRecords::save_customer(store::Transaction& transaction, const Uuid& id, const LiveCustomer& customer) {
  const auto key = TRY(keys_->key_of(id));
  const auto sealed = seal(key, as_bytes(write_json(to_json(customer.record))), customer_place(id));
  const auto unit = customer.record.unit();
  const Value parameters[] = {ByteView(id.bytes), int64_t{customer.partition}, std::string_view(unit),
                              customer.record.last_seq, ByteView(sealed)};
  return transaction.post(kSaveCustomer, parameters);
}

Result<void> LiveRecords::save_account(store::Transaction& transaction, const Uuid& id, const LiveAccount& account) {
  const auto key = TRY(keys_->key_of(id));
  const auto sealed = seal(key, as_bytes(write_json(to_json(account.record))), account_place(id));
  const auto unit = account.record.unit();
  const Value parameters[] = {ByteView(id.bytes),         ByteView(account.home_customer.bytes),
                              int64_t{account.partition}, std::string_view(unit),
                              account.record.last_seq,    ByteView(sealed)};
  return transaction.post(kSaveAccount, parameters);
}

void LiveRecords::publish() {
  const auto may_wait = [this](const Uuid& id) { return !pressing_.contains(id); };
  customers_.publish(may_wait);
  accounts_.publish(may_wait);
  if (staged_links_) {
    const std::scoped_lock lock(links_mutex_);
    links_ = std::move(staged_links_);
  }
  discard();
}

void LiveRecords::discard() {
  customers_.end_batch();
  accounts_.end_batch();
  pressing_.clear();
  renamed_.clear();
  erased_customers_.clear();
  erased_accounts_.clear();
  staged_links_.reset();
  relinked_.clear();
  are_links_replaced_ = false;
}

void LiveRecords::begin_settling() {
  customers_.begin_settling();
  accounts_.begin_settling();
}

Result<size_t> LiveRecords::settle(store::Transaction& transaction, size_t count) {
  const size_t customers = TRY(customers_.settle(
      count, [&](const Uuid& id, const LiveCustomer& customer) { return save_customer(transaction, id, customer); }));
  const size_t accounts = TRY(accounts_.settle(count - customers, [&](const Uuid& id, const LiveAccount& account) {
    return save_account(transaction, id, account);
  }));
  return customers + accounts;
}

void LiveRecords::settled() {
  customers_.settled();
  accounts_.settled();
}

Result<void> LiveRecords::save_watermark(store::Transaction& transaction, int64_t seq) {
  const Value parameters[] = {seq};
  return transaction.post(kWriteSettled, parameters);
}

Result<int64_t> LiveRecords::watermark(store::Reader& reader) const {
  return TRY(reader.first<int64_t>(kReadSettled, {},
                                   [](const store::Row& row) -> Result<int64_t> { return row.integer(0); }))
      .value_or(0);
}

bool LiveRecords::is_erased(const Event& event) const {
  return keys_ != nullptr && keys_->is_erased(pseudonyms_.of(event.subject).id);
}

Uuid LiveRecords::customer_of(const Event& event) const {
  if (event.subject.kind == EntityKind::kCustomer) return event.entities[0].id;
  const auto* account = accounts_.find(event.entities[0].id);
  return account != nullptr ? account->home_customer : event.home;
}

void LiveRecords::forget_all() {
  discard();
  customers_.forget_all();
  accounts_.forget_all();
}

// Null where nobody is known. `earlier` is made where the present record knows more than the event may.
Result<const CustomerRecord*> LiveRecords::as_of(const Uuid& customer, const Event& event, const History& history,
                                                 CustomerRecord& earlier) const {
  const auto* live = customers_.find(customer);
  if (live == nullptr) return nullptr;
  if (live->record.newest <= event.time) return &live->record;
  earlier.reference = live->record.reference;
  TRY(history({EntityKind::kCustomer, customer}, event.seq - 1, event.time, [&](const Event& past) -> Result<void> {
    const bool folds = past.subject.kind == EntityKind::kCustomer ? past.entities[0].id == customer
                                                                  : past.type.starts_with("account.");
    if (folds && !past.is_erased) fold(earlier, past, pseudonyms_);
    return {};
  }));
  return &earlier;
}

Result<json::object> LiveRecords::view(store::Reader* reader, const Event& event, const History& history) {
  const auto ids = links().one_with(customer_of(event), {.time = event.time, .before_seq = event.seq});
  if (reader != nullptr) TRY(load_customers(*reader, ids));
  std::vector<CustomerRecord> earlier(ids.size());
  std::vector<const CustomerRecord*> known;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (const auto* record = TRY(as_of(ids[i], event, history, earlier[i]))) known.push_back(record);
  }
  return known.size() == 1 ? view_of(*known[0]) : known.empty() ? json::object() : view_of(joined(known));
}

}  // namespace amity::customers
