#include "events/log/named.h"

#include <algorithm>

#include <fmt/format.h>

namespace amity::events {
namespace {

bool names_customers(const Field& field) {
  return field.kind == FieldKind::kHolders ||
         (field.kind == FieldKind::kReference && field.entity == EntityKind::kCustomer);
}

// Every value of the data that names one customer, with the customer's reference: a reference alone, or a holder.
template <class Object, class Visit>
void each_name(Object& data, const Type& type, const Visit& visit) {
  for (const auto& field : type.fields) {
    auto* value = names_customers(field) ? data.if_contains(field.name) : nullptr;
    if (value == nullptr || value->is_null()) continue;
    if (field.kind == FieldKind::kReference) visit(*value, std::string(value->get_string()));
    if (field.kind != FieldKind::kHolders) continue;
    for (auto& holder : value->get_array()) visit(holder, std::string(holder.at("customer").get_string()));
  }
}

Uuid customer_id(const Pseudonyms& pseudonyms, const std::string& reference) {
  return pseudonyms.of({EntityKind::kCustomer, reference}).id;
}

std::string place_of(int64_t seq, const Uuid& owner) { return fmt::format("events.named:{}:{}", seq, format(owner)); }

json::object closed(const SecretKey& key, const json::value& value, int64_t seq, const Uuid& owner) {
  const auto sealed = seal(key, as_bytes(write_json(value)), place_of(seq, owner));
  return {{"owner", format(owner)}, {"sealed", to_base64url(sealed)}};
}

bool is_closed(const json::value& value) { return value.is_object() && value.get_object().contains("sealed"); }

// A role of the catalogue for whoever held the account in one that is gone.
json::value stand_in_for(const std::string& reference, bool is_holder) {
  if (!is_holder) return json::string(reference);
  return json::object{{"customer", reference}, {"role", "owner"}};
}

struct NameKeys {
  security::KeyStore& keys;
  security::KeyAccess access;
};

Result<void> open_one(json::value& value, bool is_holder, int64_t seq, const NameKeys& names,
                      std::vector<std::string>& stand_ins) {
  JsonReader in(value, "");
  const auto owner_text = in.text("owner");
  const auto sealed_text = in.text("sealed");
  TRY(in.finish());
  const auto owner = TRY(parse_uuid(owner_text));
  const auto sealed = TRY(from_base64url(sealed_text));
  const auto key = names.keys.key_of(owner, names.access);
  if (!key && names.keys.is_erased(owner, names.access)) {
    stand_ins.push_back("erased/" + owner_text);
    value = stand_in_for(stand_ins.back(), is_holder);
    return {};
  }
  if (!key) return fail(Code::kConflict, "the key store has no key for somebody it names and no erasure");
  value = TRY(parse_json(as_text(TRY(open(*key, sealed, place_of(seq, owner))))));
  return {};
}

}  // namespace

std::vector<Uuid> named_besides_home(const Event& event, const Pseudonyms& pseudonyms) {
  std::vector<Uuid> named;
  const auto* type = find_type(event.type);
  if (type == nullptr) return named;
  each_name(event.data, *type, [&](const json::value&, const std::string& reference) {
    const auto id = customer_id(pseudonyms, reference);
    if (id != event.home) named.push_back(id);
  });
  return named;
}

Result<json::object> close_names(const Event& event, security::KeyStore& keys, const Pseudonyms& pseudonyms) {
  json::object data = event.data;
  Result<void> all;
  each_name(data, *find_type(event.type), [&](json::value& value, const std::string& reference) {
    const auto id = customer_id(pseudonyms, reference);
    if (id == event.home || !all) return;
    const auto key = keys.key_of(id);
    if (!key && key.error().code != Code::kNotFound) all = std::unexpected(key.error());
    if (all) value = closed(key ? *key : SecretKey::random(), value, event.seq, id);
  });
  if (!all) return std::unexpected(all.error());
  return data;
}

Result<OpenedNames> open_names(const json::object& data, int64_t seq, security::KeyStore& keys,
                               security::KeyAccess access) {
  const NameKeys names{keys, access};
  OpenedNames opened{data, {}};
  for (auto& field : opened.data) {
    auto& value = field.value();
    if (is_closed(value)) TRY(open_one(value, false, seq, names, opened.stand_ins));
    if (!value.is_array()) continue;
    for (auto& item : value.get_array()) {
      if (is_closed(item)) TRY(open_one(item, true, seq, names, opened.stand_ins));
    }
  }
  return opened;
}

bool leave_out_erased(json::object& data, const Type& type, const std::vector<std::string>& stand_ins,
                      const security::KeyStore& keys, const Pseudonyms& pseudonyms, security::KeyAccess access) {
  const auto is_gone = [&](const json::value& reference) {
    const std::string text(reference.get_string());
    return std::ranges::find(stand_ins, text) != stand_ins.end() ||
           keys.is_erased(customer_id(pseudonyms, text), access);
  };
  bool has_left_out = false;
  for (const auto& field : type.fields) {
    auto* value = names_customers(field) ? data.if_contains(field.name) : nullptr;
    if (value == nullptr || value->is_null()) continue;
    if (field.kind == FieldKind::kReference) {
      if (!is_gone(*value)) continue;
      data.erase(field.name);
      has_left_out = true;
      continue;
    }
    json::array kept;
    for (const auto& holder : value->get_array()) {
      if (!is_gone(holder.at("customer"))) kept.push_back(holder);
    }
    has_left_out |= kept.size() < value->get_array().size();
    *value = std::move(kept);
  }
  return has_left_out;
}

}  // namespace amity::events
