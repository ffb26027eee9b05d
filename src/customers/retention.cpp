#include "customers/retention.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "base/yaml.h"
#include "events/catalogue.h"

namespace amity::customers {
namespace {

using events::EntityKind;
using events::Event;

constexpr int kMaxCount = 36'500;  // a hundred years in days
constexpr size_t kMaxDuties = 32;  // their names fit into one text of an event
constexpr auto kAccountTypes = std::to_array<std::string_view>({"deposit", "card", "loan", "investment", "insurance"});
constexpr auto kCustomerKinds = std::to_array<std::string_view>({"person", "organisation"});

std::optional<Period> period_in(std::string_view text) {
  const size_t space = std::min(text.find(' '), text.size());
  Period period;
  const auto [end, error] = std::from_chars(text.data(), text.data() + space, period.count);
  if (error != std::errc{} || end != text.data() + space || period.count < 1 || period.count > kMaxCount) return {};
  const auto unit = text.substr(std::min(space + 1, text.size()));
  if (unit == "years" && period.count <= 100) return Period{period.count, Period::Unit::kYears};
  if (unit == "months" && period.count <= 1200) return Period{period.count, Period::Unit::kMonths};
  if (unit == "days") return Period{period.count, Period::Unit::kDays};
  return {};
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

Result<BilingualText> read_text(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  BilingualText text{in.text("en", 512), in.text("zh", 512)};
  TRY(in.finish());
  return text;
}

// A list of texts, each of which `is_known`; `otherwise` where there is none.
template <class IsKnown>
Result<std::set<std::string, std::less<>>> read_list(const json::value& value, const std::string& place,
                                                     std::string_view known, const IsKnown& is_known) {
  std::set<std::string, std::less<>> set;
  if (!value.is_array() || value.get_array().empty()) return invalid("write a list of " + std::string(known), place);
  for (size_t i = 0; i < value.get_array().size(); ++i) {
    const auto* text = value.get_array()[i].if_string();
    if (text == nullptr || !is_known(std::string_view(*text))) {
      return invalid("not one of " + std::string(known), fmt::format("{}/{}", place, i));
    }
    set.emplace(*text);
  }
  return set;
}

template <class Names>
Result<std::set<std::string, std::less<>>> read_names(const json::value& value, const std::string& place,
                                                      const Names& names, std::string_view known) {
  if (value.is_null()) return std::set<std::string, std::less<>>(names.begin(), names.end());
  return read_list(value, place, known,
                   [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); });
}

bool is_event_type(std::string_view name) {
  const auto* type = events::find_type(name);
  return type != nullptr && (type->subject == EntityKind::kCustomer || type->subject == EntityKind::kAccount);
}

Result<Duty> read_duty(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Duty duty;
  duty.name = in.text("name");
  const json::value title = in.any("title");
  const json::value basis = in.any("basis");
  const json::value holds = in.any("holds");
  const auto from = in.text("from");
  const auto keep = period_in(in.text("keep"));
  if (!is_name(duty.name)) in.refuse("name", "write a name with a-z, 0-9 and _ only");
  if (from != "relationship_end" && from != "event") in.refuse("from", "must be relationship_end or event");
  if (!keep) in.refuse("keep", "write a whole number of years, months or days, such as 10 years");
  TRY(in.finish());
  duty.from = from == "event" ? Duty::From::kEvent : Duty::From::kRelationshipEnd;
  duty.keep = *keep;
  duty.title = TRY(read_text(title, place + "/title"));
  duty.basis = TRY(read_text(basis, place + "/basis"));
  const auto held = place + "/holds";
  JsonReader what(holds, held);
  const bool is_of_events = duty.from == Duty::From::kEvent;
  const json::value customers = what.any_or_null("customers");
  const json::value accounts = is_of_events ? json::value() : what.any_or_null("accounts");
  const json::value events = is_of_events ? what.any("events") : json::value();
  TRY(what.finish());
  duty.customers = TRY(read_names(customers, held + "/customers", kCustomerKinds, "person, organisation"));
  duty.accounts =
      TRY(read_names(accounts, held + "/accounts", kAccountTypes, "deposit, card, loan, investment, insurance"));
  if (is_of_events) {
    duty.events =
        TRY(read_list(events, held + "/events", "the catalogue's types about a customer or an account", is_event_type));
  }
  return duty;
}

// In doubt for keeping.
bool holds(const std::set<std::string, std::less<>>& names, const std::string& name) {
  return name.empty() || names.contains(name);
}

std::string joined(std::span<const RunningDuty> running, std::string BilingualText::* language, std::string_view open,
                   std::string_view close, std::string_view between) {
  std::string text;
  for (const auto& one : running) {
    if (!text.empty()) text += between;
    text.append(one.duty->title.*language).append(open).append(one.duty->basis.*language).append(close);
  }
  return text;
}

}  // namespace

Timestamp end_of(Timestamp from, const Period& period) {
  const auto day = date_of(from);
  Date last = day;
  if (period.unit == Period::Unit::kDays) {
    last = Date{day.days + period.count};
  } else {
    auto [year, month, number] = year_month_day(day);
    const int months = month - 1 + (period.unit == Period::Unit::kYears ? period.count * 12 : period.count);
    year += months / 12;
    const int next_month = months % 12 + 1;
    const auto same_day = make_date(year, next_month, number);
    // A month without this day: the first of the next one.
    const auto after = make_date(next_month == 12 ? year + 1 : year, next_month % 12 + 1, 1);
    if (!same_day && !after) return kLatest;
    last = same_day ? *same_day : *after;
  }
  return start_of(Date{last.days + 2});
}

void CustomerPast::add(const Event& event) {
  if (events::is_erasure(event)) return;
  const auto& subject = event.entities[0];
  if (subject.kind == EntityKind::kCustomer) {
    if (subject.id != customer_) return;  // a relative's
    if (const auto* kind = event.data.if_contains("kind"); kind != nullptr && kind->is_string()) {
      kind_ = kind->get_string();
    }
  } else {
    auto& held = accounts_[subject.id];
    held.newest = std::max(held.newest, event.time);
    if (event.is_erased) {
      held.is_open = false, held.type.clear();
    } else if (event.type == "account.opened") {
      held.type = event.data.at("type").get_string(), held.is_open = true;
    } else if (names(event)) {
      held.is_open = event.type == "account.holder_added";
    }
  }
  auto& newest = newest_.try_emplace(event.type, event.time).first->second;
  newest = std::max(newest, event.time);
}

// Whether this is about the customer coming to the account or leaving it.
bool CustomerPast::names(const Event& event) const {
  if (event.type != "account.holder_added" && event.type != "account.holder_removed") return false;
  const auto* customer = event.data.if_contains("customer");  // left out where it is somebody erased
  return customer != nullptr &&
         pseudonyms_.of({EntityKind::kCustomer, std::string(customer->get_string())}).id == customer_;
}

// When the duty's period began for this customer; nothing: it does not keep them.
std::optional<Timestamp> CustomerPast::begin_of(const Duty& duty, Timestamp requested) const {
  std::optional<Timestamp> from;
  if (!holds(duty.customers, kind_)) return from;
  if (duty.from == Duty::From::kEvent) {
    for (const auto& [type, time] : newest_) {
      if (duty.events.contains(type)) from = std::max(from.value_or(time), time);
    }
    return from;
  }
  for (const auto& [id, held] : accounts_) {
    const auto ended = held.is_open ? std::max(requested, held.newest) : held.newest;
    if (holds(duty.accounts, held.type)) from = std::max(from.value_or(ended), ended);
  }
  return from;
}

Result<Retention> Retention::parse(std::string_view yaml) {
  const auto document = TRY(parse_yaml(yaml));
  JsonReader in(document, "");
  const json::array duties = in.array("duties");
  TRY(in.finish());
  if (duties.size() > kMaxDuties) return invalid(fmt::format("more than {} duties", kMaxDuties), "/duties");
  Retention retention;
  for (size_t i = 0; i < duties.size(); ++i) {
    const auto place = fmt::format("/duties/{}", i);
    auto duty = TRY(read_duty(duties[i], place));
    if (std::ranges::find(retention.duties_, duty.name, &Duty::name) != retention.duties_.end()) {
      return invalid("this duty is declared twice", place + "/name");
    }
    retention.duties_.push_back(std::move(duty));
  }
  return retention;
}

std::vector<RunningDuty> Retention::running(const CustomerPast& past, Timestamp requested, Timestamp now) const {
  std::vector<RunningDuty> running;
  for (const auto& duty : duties_) {
    const auto from = past.begin_of(duty, requested);
    if (!from) continue;
    if (const auto until = end_of(*from, duty.keep); until > now) running.push_back({&duty, until});
  }
  std::ranges::stable_sort(running, std::greater(), &RunningDuty::until);
  return running;
}

BilingualText text_of(std::span<const RunningDuty> running) {
  const auto day = format(date_of(running.front().until));
  return {fmt::format("frozen until {} because of {}", day, joined(running, &BilingualText::en, " (", ")", "; ")),
          fmt::format("因{}冻结至{}", joined(running, &BilingualText::zh, "（", "）", "；"), day)};
}

}  // namespace amity::customers
