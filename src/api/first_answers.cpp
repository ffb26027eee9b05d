#include "api/first_answers.h"

#include <algorithm>

#include "base/check.h"

namespace amity::api {
namespace {

constexpr std::string_view kSealPlace = "first_answers.answer";

constexpr store::Statement kFind("first_answers.find",
                                 "SELECT request_digest, begun_at, answer FROM first_answers WHERE slot = $1");
constexpr store::Statement kAdd("first_answers.add",
                                "INSERT INTO first_answers (slot, request_digest, begun_at) VALUES ($1, $2, $3)");
constexpr store::Statement kFinish("first_answers.finish", "UPDATE first_answers SET answer = $2 WHERE slot = $1");
constexpr store::Statement kRemove("first_answers.remove", "DELETE FROM first_answers WHERE slot = $1");
constexpr store::Statement kForget("first_answers.forget", "DELETE FROM first_answers WHERE begun_at < $1");

struct Kept {
  Bytes request_digest;
  Timestamp begun;
  std::optional<Bytes> answer;
};

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

Result<Kept> read_kept(const store::Row& row) {
  Kept kept{copy(row.bytes(0)), {row.integer(1)}, std::nullopt};
  if (!row.is_null(2)) kept.answer = copy(row.bytes(2));
  return kept;
}

std::string write_answer(const Response& response) {
  json::array headers;
  for (const auto& field : response.headers) headers.push_back(json::array{field.name, field.value});
  return write_json(json::object{{"status", response.status},
                                 {"content_type", response.content_type},
                                 {"headers", std::move(headers)},
                                 {"body", to_base64url(as_bytes(response.body))}});
}

Result<Response> read_answer(std::string_view text) {
  const auto value = TRY(parse_json(text));
  JsonReader in(value, "");
  Response response;
  response.status = static_cast<int>(in.integer("status", 100, 599));
  response.content_type = in.text_or("content_type", "");
  for (const auto& field : in.array("headers")) {
    const auto& pair = field.as_array();
    response.headers.push_back({std::string(pair.at(0).as_string()), std::string(pair.at(1).as_string())});
  }
  response.body = as_text(TRY(from_base64url(in.text("body", kMaxJsonBytes))));
  TRY(in.finish());
  return response;
}

Digest request_digest_of(const RepeatedCall& call, const SecretKey& seal) {
  return keyed_digest(seal.derive("request").bytes(), DigestWriter().add(call.target).add(call.body).finish());
}

std::unexpected<Error> refused(std::string message) {
  return fail(Code::kConflict, std::move(message), "header:idempotency-key");
}

// What a kept row answers to the same key.
Result<Response> repeat(const Kept& kept, const Digest& request_digest, const SecretKey& seal) {
  if (!equal_in_constant_time(kept.request_digest, request_digest)) {
    return refused("this Idempotency-Key came before with another request; use a new key");
  }
  if (!kept.answer) {
    return refused(
        "the first request with this key ended without an answer; look whether it was done, then use a new key");
  }
  return read_answer(as_text(TRY(open(seal, *kept.answer, kSealPlace))));
}

}  // namespace

FirstAnswers::FirstAnswers(store::Database& database, const Clock& clock, const SecretKey& institution_key)
    : database_(database), clock_(clock), institution_key_(institution_key.derive("first_answers")) {}

FirstAnswers::Ticket FirstAnswers::ticket_of(const RepeatedCall& call) const {
  const auto scope = DigestWriter().add(call.caller).add(call.route).add(call.key).finish();
  const auto seal = SecretKey::from_bytes(keyed_digest(institution_key_.derive("seal").bytes(), scope));
  CHECK(seal.has_value());
  return {keyed_digest(institution_key_.derive("slot").bytes(), scope), *seal};
}

Result<std::variant<FirstAnswers::Ticket, Response>> FirstAnswers::begin(const RepeatedCall& call) {
  const auto ticket = ticket_of(call);
  {
    const std::scoped_lock lock(mutex_);
    if (!running_.insert(ticket.slot).second) return refused("the first request with this key is still running");
  }
  std::optional<Response> first;
  const auto done = database_.write([&](store::Transaction& transaction) -> Result<void> {
    first = TRY(find_or_add(transaction, ticket, request_digest_of(call, ticket.seal)));
    return {};
  });
  if (!done || first) abandon(ticket);
  if (!done) return std::unexpected(done.error());
  if (first) return *std::move(first);
  return ticket;
}

Result<std::optional<Response>> FirstAnswers::find_or_add(store::Transaction& transaction, const Ticket& ticket,
                                                          const Digest& request_digest) {
  const store::Value slot[] = {ByteView(ticket.slot)};
  const auto kept = TRY(transaction.first<Kept>(kFind, slot, read_kept));
  const auto now = clock_.now();
  if (kept && kept->begun + kFirstAnswerAge > now) return TRY(repeat(*kept, request_digest, ticket.seal));
  if (kept) TRY(transaction.execute(kRemove, slot));
  const store::Value row[] = {ByteView(ticket.slot), ByteView(request_digest), now.us};
  TRY(transaction.execute(kAdd, row));
  return std::nullopt;
}

Result<void> FirstAnswers::finish(const Ticket& ticket, const Response& response) {
  const auto sealed = seal(ticket.seal, as_bytes(write_answer(response)), kSealPlace);
  const auto done = database_.write([&](store::Transaction& transaction) -> Result<void> {
    const store::Value row[] = {ByteView(ticket.slot), ByteView(sealed)};
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
