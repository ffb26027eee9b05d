#include "api/first_answers.h"

#include <algorithm>

#include "base/check.h"

namespace amity::api {
namespace {

constexpr std::string_view kSealPlace = "first_answers.answer";
constexpr std::string_view kInnerPlace = "first_answers.answer:of_owners";

constexpr store::Statement kFind("first_answers.find", "SELECT begun_at, answer FROM first_answers WHERE slot = $1");
constexpr store::Statement kAdd("first_answers.add", "INSERT INTO first_answers (slot, begun_at) VALUES ($1, $2)");
constexpr store::Statement kFinish("first_answers.finish", "UPDATE first_answers SET answer = $2 WHERE slot = $1");
constexpr store::Statement kRemove("first_answers.remove", "DELETE FROM first_answers WHERE slot = $1");
constexpr store::Statement kForget(
    "first_answers.forget",
    "DELETE FROM first_answers WHERE slot IN (SELECT slot FROM first_answers WHERE begun_at < $1 LIMIT 1000)");

struct Kept {
  Timestamp begun;
  std::optional<Bytes> answer;
};

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

Result<Kept> read_kept(const store::Row& row) {
  Kept kept{{row.integer(0)}, std::nullopt};
  if (!row.is_null(1)) kept.answer = copy(row.bytes(1));
  return kept;
}

// The digest of the request stands with its answer: where that is gone, nobody can try what was asked.
std::string write_answer(const Digest& request, const Response& response) {
  json::array headers;
  for (const auto& field : response.headers) headers.push_back(json::array{field.name, field.value});
  return write_json(json::object{{"request", to_hex(request)},
                                 {"status", response.status},
                                 {"content_type", response.content_type},
                                 {"headers", std::move(headers)},
                                 {"body", to_base64url(as_bytes(response.body))}});
}

struct FirstAnswer {
  std::string request;
  Response response;
};

Result<FirstAnswer> read_answer(std::string_view text) {
  const auto value = TRY(parse_json(text));
  JsonReader in(value, "");
  FirstAnswer first{in.text("request"), {}};
  auto& response = first.response;
  response.status = static_cast<int>(in.integer("status", 100, 599));
  response.content_type = in.text_or("content_type", "");
  for (const auto& field : in.array("headers")) {
    const auto& pair = field.as_array();
    response.headers.push_back({std::string(pair.at(0).as_string()), std::string(pair.at(1).as_string())});
  }
  response.body = as_text(TRY(from_base64url(in.text("body", kMaxJsonBytes))));
  TRY(in.finish());
  return first;
}

// What the ticket's seal closes: a natural number of owners, 16 bytes each, and what their keys close.
Bytes with_owners(std::span<const Uuid> owners, ByteView inner) {
  Bytes bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(owners.size() >> shift));
  for (const auto& owner : owners) bytes.insert(bytes.end(), owner.bytes.begin(), owner.bytes.end());
  bytes.insert(bytes.end(), inner.begin(), inner.end());
  return bytes;
}

Result<std::vector<Uuid>> read_owners(ByteView& bytes) {
  size_t count = 0;
  for (size_t i = 0; i < 4 && i < bytes.size(); ++i) count = count << 8 | bytes[i];
  if (bytes.size() < 4 || (bytes.size() - 4) / 16 < count) return fail(Code::kConflict, "a kept answer is damaged");
  std::vector<Uuid> owners(count);
  for (size_t i = 0; i < count; ++i) std::ranges::copy(bytes.subspan(4 + i * 16, 16), owners[i].bytes.begin());
  bytes = bytes.subspan(4 + count * 16);
  return owners;
}

std::unexpected<Error> refused(std::string message) {
  return fail(Code::kConflict, std::move(message), "header:idempotency-key");
}

}  // namespace

FirstAnswers::FirstAnswers(store::Database& database, const Clock& clock, security::KeyStore& keys)
    : database_(database),
      clock_(clock),
      keys_(keys),
      institution_key_(keys.institution_key("first_answers").derive("first_answers")) {}

FirstAnswers::Ticket FirstAnswers::ticket_of(const RepeatedCall& call) const {
  const auto scope = DigestWriter().add(call.caller).add(call.route).add(call.key).finish();
  const auto seal = SecretKey::from_bytes(keyed_digest(institution_key_.derive("seal").bytes(), scope));
  CHECK(seal.has_value());
  const auto request = DigestWriter().add(call.target).add(call.body).finish();
  return {keyed_digest(institution_key_.derive("slot").bytes(), scope), *seal,
          keyed_digest(seal->derive("request").bytes(), request)};
}

Result<std::variant<FirstAnswers::Ticket, Response>> FirstAnswers::begin(const RepeatedCall& call) {
  const auto ticket = ticket_of(call);
  {
    const std::scoped_lock lock(mutex_);
    if (!running_.insert(ticket.slot).second) return refused("the first request with this key is still running");
  }
  std::optional<Response> first;
  const auto done = database_.write([&](store::Transaction& transaction) -> Result<void> {
    first = TRY(find_or_add(transaction, ticket));
    return {};
  });
  if (!done || first) abandon(ticket);
  if (!done) return std::unexpected(done.error());
  if (first) return *std::move(first);
  return ticket;
}

Result<std::optional<Response>> FirstAnswers::find_or_add(store::Transaction& transaction, const Ticket& ticket) {
  const store::Value slot[] = {ByteView(ticket.slot)};
  const auto kept = TRY(transaction.first<Kept>(kFind, slot, read_kept));
  const auto now = clock_.now();
  if (kept && kept->begun + kFirstAnswerAge > now) {
    if (kept->answer) return TRY(repeat(ticket, *kept->answer));
    return refused(
        "the first request with this key ended without an answer; look whether it was done, then use a new key");
  }
  if (kept) TRY(transaction.execute(kRemove, slot));
  const store::Value row[] = {ByteView(ticket.slot), now.us};
  TRY(transaction.execute(kAdd, row));
  return std::nullopt;
}

// What a kept answer says to the same key.
Result<Response> FirstAnswers::repeat(const Ticket& ticket, ByteView kept) const {
  const auto outer = TRY(open(ticket.seal, kept, kSealPlace));
  ByteView inner = outer;
  const auto key = TRY(key_of_all(ticket, TRY(read_owners(inner))));
  if (!key) {
    return refused(
        "a request with this key was answered, and whom the answer told of has been erased since, and with them the "
        "answer: it is not done again; a new request needs a new key");
  }
  auto first = TRY(read_answer(as_text(TRY(open(*key, inner, kInnerPlace)))));
  if (!equal_in_constant_time(as_bytes(first.request), as_bytes(to_hex(ticket.request)))) {
    return refused("this Idempotency-Key came before with another request; use a new key");
  }
  return std::move(first.response);
}

// Only with the keys of all of them; nothing: one has been erased.
Result<std::optional<SecretKey>> FirstAnswers::key_of_all(const Ticket& ticket, std::span<const Uuid> owners) const {
  Bytes keys;
  keys.reserve(owners.size() * 32);
  for (const auto& owner : owners) {
    const auto key = keys_.key_of(owner);
    if (!key && key.error().code == Code::kNotFound) return std::nullopt;
    if (!key) return std::unexpected(key.error());
    keys.insert(keys.end(), key->bytes().begin(), key->bytes().end());
  }
  const auto key = SecretKey::from_bytes(keyed_digest(ticket.seal.derive("owners").bytes(), keys));
  std::ranges::fill(keys, uint8_t{0});
  return TRY(key);
}

// Who never had a key (a refused event's subject nobody knows) has nothing that could be erased. Who was erased while
// the request ran takes the answer along: it is closed with a key that nobody has.
Result<Bytes> FirstAnswers::sealed(const Ticket& ticket, const Response& response) const {
  std::vector<Uuid> owners = response.about;
  std::ranges::sort(owners);
  owners.erase(std::ranges::unique(owners).begin(), owners.end());
  std::erase_if(owners, [this](const Uuid& owner) {
    const auto key = keys_.key_of(owner);
    return !key && key.error().code == Code::kNotFound && !keys_.is_erased(owner);
  });
  const auto key = TRY(key_of_all(ticket, owners)).value_or(SecretKey::random());
  const auto inner = seal(key, as_bytes(write_answer(ticket.request, response)), kInnerPlace);
  return seal(ticket.seal, with_owners(owners, inner), kSealPlace);
}

Result<void> FirstAnswers::finish(const Ticket& ticket, const Response& response) {
  const auto answer = sealed(ticket, response);
  if (!answer) return abandon(ticket), std::unexpected(answer.error());
  const auto done = database_.write([&](store::Transaction& transaction) -> Result<void> {
    const store::Value row[] = {ByteView(ticket.slot), ByteView(*answer)};
    TRY(transaction.execute(kFinish, row));
    return {};
  });
  abandon(ticket);
  return done;
}

Result<void> FirstAnswers::release(const Ticket& ticket) {
  const auto done = database_.write([&](store::Transaction& transaction) -> Result<void> {
    const store::Value slot[] = {ByteView(ticket.slot)};
    TRY(transaction.execute(kRemove, slot));
    return {};
  });
  abandon(ticket);
  return done;
}

void FirstAnswers::abandon(const Ticket& ticket) {
  const std::scoped_lock lock(mutex_);
  running_.erase(ticket.slot);
}

Result<int64_t> FirstAnswers::forget_old() {
  int64_t forgotten = 0;
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    const store::Value before[] = {(clock_.now() - kFirstAnswerAge).us};
    forgotten = TRY(transaction.execute(kForget, before));
    return {};
  }));
  return forgotten;
}

}  // namespace amity::api
