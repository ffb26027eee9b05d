// Erasing and freezing people: what Engine does with the key store, and then tells every room.
#include <algorithm>
#include <map>

#include "app/engine.h"
#include "base/log.h"

namespace amity::app {
namespace {

constexpr size_t kAccountsInOneEvent = 100;  // a text of the catalogue has 4,096 bytes, a pseudonym 36

Result<events::Event> erasure_event(const events::Entity& entity, const Erased& erased, std::string_view accounts) {
  json::object data{{"basis", erased.basis}};
  if (!accounts.empty()) data["accounts"] = accounts;
  if (erased.freeze) {
    data["until"] = format(date_of(erased.freeze->until));
    data["duties"] = erased.freeze->duties;
  }
  const bool is_customer = entity.kind == events::EntityKind::kCustomer;
  const std::string what = erased.freeze ? "frozen" : "erased";
  return events::make_event({.source = "amity/erasure",
                             .id = format(entity.id) + "/" + format(erased.at),
                             .type = (is_customer ? "customer." : "account.") + what,
                             .subject = {entity.kind, format(entity.id)},
                             .time = erased.at,
                             .data = std::move(data)});
}

// A customer with their accounts in one event; what does not fit into it, and accounts alone, in one each.
Result<std::vector<events::Event>> erasure_events(const Erased& erased) {
  std::vector<events::Event> events;
  size_t named = 0;
  if (erased.customer) {
    std::string list;
    for (; named < std::min(erased.accounts.size(), kAccountsInOneEvent); ++named) {
      list += (list.empty() ? "" : ",") + format(erased.accounts[named]);
    }
    events.push_back(TRY(erasure_event({events::EntityKind::kCustomer, *erased.customer}, erased, list)));
  }
  for (; named < erased.accounts.size(); ++named) {
    const events::Entity account{events::EntityKind::kAccount, erased.accounts[named]};
    events.push_back(TRY(erasure_event(account, erased, "")));
  }
  return events;
}

std::string names_of(std::span<const customers::RunningDuty> duties) {
  std::string names;
  for (const auto& running : duties) names.append(names.empty() ? "" : ",").append(running.duty->name);
  return names;
}

json::object to_json(const customers::BilingualText& text) { return {{"en", text.en}, {"zh", text.zh}}; }

json::object answer_of_freeze(std::span<const customers::RunningDuty> duties, size_t account_count) {
  json::array list;
  for (const auto& [duty, until] : duties) {
    list.push_back({{"name", duty->name},
                    {"title", to_json(duty->title)},
                    {"basis", to_json(duty->basis)},
                    {"until", format(date_of(until))}});
  }
  return {{"until", format(date_of(duties.front().until))},
          {"accounts", static_cast<int64_t>(account_count)},
          {"text", to_json(customers::text_of(duties))},
          {"duties", std::move(list)}};
}

// Of two answers about one person the one that says how long something is kept.
bool is_kept_longer(const json::object& answer, const json::object& than) {
  const auto until = [](const json::object& one) {
    const auto* frozen = one.at("frozen").if_object();
    return frozen == nullptr ? std::string_view() : std::string_view(frozen->at("until").as_string());
  };
  return until(answer) > until(than);
}

}  // namespace

// An erasure or a freeze cut short by a crash, or undone by restoring an older backup, is carried through before
// anybody is served.
Result<void> Engine::resume_erasures() {
  std::vector<Uuid> gone;
  std::map<Uuid, security::Freeze> freezes;
  for (const auto& erasure : TRY(keys_->erasures_after(0))) gone.push_back(erasure.owner);
  for (const auto& freeze : TRY(keys_->freezes_until(kLatest))) {
    if (!keys_->is_frozen(freeze.owner)) continue;  // its key is destroyed already
    gone.push_back(freeze.owner);
    freezes.emplace(freeze.owner, freeze);
  }
  if (gone.empty()) return {};
  const auto freeze_of = [&](const Uuid& owner) -> std::optional<security::Freeze> {
    const auto found = freezes.find(owner);
    return found == freezes.end() ? std::nullopt : std::optional(found->second);
  };
  const auto remains = TRY(customers_->remains_of(gone));
  const auto count = remains.customers.size() + remains.accounts.size();
  const Timestamp now = clock_.now();
  for (const auto& [customer, accounts] : remains.customers) {
    TRY(forget(local_operator(), {customer, accounts, "erasure register", now, freeze_of(customer)}));
  }
  for (const auto& account : remains.accounts) {
    TRY(forget(local_operator(), {{}, {account}, "erasure register", now, freeze_of(account)}));
  }
  if (count > 0) log(Level::kInfo, "erasures carried through", {{"records", static_cast<int64_t>(count)}});
  return database_->forget_deleted();  // also what was committed just before the crash
}

// Tells every room that these are gone; their keys already are.
Result<void> Engine::forget(const security::Caller& caller, const Erased& erased) {
  const auto answers = pipeline_->submit(caller, TRY(erasure_events(erased)));
  for (const auto& answer : answers) {
    if (!answer) return std::unexpected(answer.error());
  }
  return database_->forget_deleted();
}

Result<std::vector<customers::RunningDuty>> Engine::duties_of(const Uuid& customer, Timestamp requested) {
  std::vector<customers::RunningDuty> duties;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    duties = retention_.running(TRY(customers_->past_of(reader, customer)), requested, clock_.now());
    return {};
  }));
  return duties;
}

// A person is erased under every reference they are known by: those merged into another first, then the one they are
// known as, at last the one that was asked for. So where it was cut short the same request finds the rest.
Result<json::object> Engine::erase(const security::Caller& caller, std::string_view customer, std::string_view basis) {
  TRY(security::require(caller, security::Permission::kEraseCustomers));
  auto references = TRY(customers_->references_of(caller, customer));
  std::ranges::reverse(references);
  std::ranges::stable_partition(references, [&](const auto& reference) { return reference != customer; });
  json::object answer;
  int64_t accounts = 0;
  for (const auto& reference : references) {
    auto one = TRY(erase_reference(caller, reference, basis));
    accounts += one.at("accounts_erased").as_int64();
    if (answer.empty() || is_kept_longer(one, answer)) answer = std::move(one);
  }
  answer["accounts_erased"] = accounts;
  return answer;
}

// Register and destroy or lock the keys first (durable, all at once), then tell every room by an event; a crash in
// between is resumed. The keys go on the writer's thread, so that no batch opens an account for the customer behind the
// choice.
Result<json::object> Engine::erase_reference(const security::Caller& caller, std::string_view customer,
                                             std::string_view basis) {
  const auto id = pseudonyms_->of({events::EntityKind::kCustomer, std::string(customer)}).id;
  const auto digest = DigestWriter().add(basis).add(ByteView(id.bytes)).finish();
  const Uuid request = make_uuid_v8(std::span<const uint8_t, 16>(digest.data(), 16));
  if (keys_->is_erased(id)) {
    TRY(resume_erasures());  // one that was refused half way is carried through here
    return not_found("no customer under this reference");
  }
  Erased erased{id, {}, std::string(basis), clock_.now(), {}};
  std::vector<customers::RunningDuty> duties;
  TRY(database_->write([&](store::Transaction& transaction) -> Result<void> {
    erased.accounts = TRY(customers_->sole_accounts(caller, transaction, customer));
    auto owners = erased.accounts;
    owners.push_back(id);
    duties = retention_.running(TRY(customers_->past_of(transaction, id)), erased.at, erased.at);
    if (duties.empty()) return keys_->destroy(owners, request);
    std::vector<security::Freeze> freezes;
    for (const auto& owner : owners) {
      freezes.push_back({owner, id, request, erased.at, duties.front().until, names_of(duties)});
    }
    erased.freeze = freezes.back();
    return keys_->freeze(freezes);
  }));
  TRY(forget(caller, erased));
  const auto count = static_cast<int64_t>(erased.accounts.size());
  if (duties.empty()) {
    return json::object{{"erased_at", format(clock_.now())}, {"accounts_erased", count}, {"frozen", nullptr}};
  }
  return json::object{
      {"erased_at", nullptr}, {"accounts_erased", 0}, {"frozen", answer_of_freeze(duties, erased.accounts.size())}};
}

Result<void> Engine::end_freezes_if_due() {
  if (const auto count = TRY(keys_->announce_ends()); count > 0) {
    log(Level::kWarn, "frozen data will be erased within a day: see that the clock is right", {{"owners", count}});
  }
  const Timestamp now = clock_.now();
  const auto due = TRY(keys_->freezes_until(now));
  // What is destroyed already was over once; only the rest of its end is missing.
  const auto may_end = [&](const auto& freeze) { return is_over(freeze, now) || !keys_->is_frozen(freeze.owner); };
  for (auto begin = due.begin(); begin != due.end();) {  // by person
    const auto end = std::find_if(begin, due.end(), [&](const auto& freeze) { return freeze.person != begin->person; });
    if (std::any_of(begin, end, may_end)) TRY(end_freeze(std::span(begin, end)));
    begin = end;
  }
  return {};
}

// Destroyed, told, and only then taken off the register: what is cut short is done again, and its event, of the same
// identity and content, is the same event. A law that has come to demand more since prolongs the freeze instead.
Result<void> Engine::end_freeze(std::span<const security::Freeze> freezes) {
  const auto person = freezes.front().person;
  std::vector<Uuid> owners;
  Erased erased{{}, {}, "the last duty to keep it has ended", freezes.front().until, {}};
  for (const auto& freeze : freezes) {
    owners.push_back(freeze.owner);
    freeze.owner == person ? void(erased.customer = person) : erased.accounts.push_back(freeze.owner);
  }
  const auto duties = TRY(duties_of(person, freezes.front().registered));
  if (!duties.empty() && keys_->is_frozen(owners.front())) {
    std::vector<security::Freeze> longer(freezes.begin(), freezes.end());
    for (auto& freeze : longer) freeze.until = duties.front().until, freeze.duties = names_of(duties);
    log(Level::kInfo, "frozen data is kept longer: a duty has come since",
        {{"owners", static_cast<int64_t>(longer.size())}});
    return keys_->freeze(longer);
  }
  TRY(keys_->destroy(owners, freezes.front().request));
  TRY(forget(local_operator(), erased));
  TRY(keys_->end_freeze(owners));
  log(Level::kInfo, "frozen data erased: its last duty has ended", {{"owners", static_cast<int64_t>(owners.size())}});
  return {};
}

}  // namespace amity::app
