#include "events/event.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "events/text.h"

namespace amity::events {
namespace {

constexpr std::array<std::string_view, 6> kKinds = {"customer", "account",  "card",
                                                    "device",   "merchant", "counterparty"};

}  // namespace

std::string_view name_of(EntityKind kind) {
  const auto index = static_cast<size_t>(kind) - 1;
  CHECK(index < kKinds.size());
  return kKinds[index];
}

Result<EntityKind> parse_entity_kind(std::string_view name) {
  const auto* found = std::ranges::find(kKinds, name);
  if (found == kKinds.end()) {
    return invalid("unknown kind: use customer, account, card, device, merchant or counterparty");
  }
  return static_cast<EntityKind>(found - kKinds.begin() + 1);
}

Result<Reference> parse_reference(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return invalid("write kind/reference, such as account/576");
  const auto kind = TRY(parse_entity_kind(text.substr(0, slash)));
  const auto key = text.substr(slash + 1);
  TRY(check_text(key, kMaxKeyBytes, false));
  return Reference{kind, std::string(key)};
}

std::string format(const Reference& reference) { return fmt::format("{}/{}", name_of(reference.kind), reference.key); }

Entity Pseudonyms::of(const Reference& reference) const {
  std::string input = "entity:";
  input += format(reference);
  const Digest full = keyed_digest(key_.bytes(), as_bytes(input));
  return {reference.kind, make_uuid_v8(std::span(full).first<16>())};
}

Digest Pseudonyms::identity_of(std::string_view source, std::string_view id) const {
  // The length keeps ("ab", "c") apart from ("a", "bc").
  const std::string input = fmt::format("event:{}:{}{}", source.size(), source, id);
  return keyed_digest(key_.bytes(), as_bytes(input));
}

Digest Pseudonyms::tag_of(const Digest& body_digest) const {
  std::string input = "body:";
  input += as_text(body_digest);
  return keyed_digest(key_.bytes(), as_bytes(input));
}

bool is_erasure(const Event& event) {
  return event.type == "customer.erased" || event.type == "account.erased" || event.type == "customer.frozen" ||
         event.type == "account.frozen";
}

}  // namespace amity::events
