#include "events/decode.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "events/catalogue.h"
#include "events/text.h"

namespace amity::events {
namespace {

constexpr size_t kMaxSourceBytes = 256;
constexpr size_t kMaxIdBytes = 256;

// One attribute at a time, the place put before its error.
template <class T>
Result<T> placed(Result<T> result, std::string_view place, std::string_view attribute) {
  if (result) return result;
  return std::unexpected(std::move(result.error()).within(fmt::format("{}/{}", place, attribute)));
}

Result<void> check_time(Timestamp time) {
  const int year = year_month_day(date_of(time)).year;
  if (year < 1900 || year > 2100) return invalid("the year must lie between 1900 and 2100");
  return {};
}

Result<int> parse_version(std::string_view text) {
  int version = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), version);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || version < 1) {
    return invalid("write the schema version as a number in text, such as \"1\"");
  }
  return version;
}

// W3C Trace Context, section 3.2: 00-<32 hex>-<16 hex>-<2 hex>.
bool is_traceparent(std::string_view text) {
  if (text.size() != 55) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 2 || i == 35 || i == 52;
    const bool is_hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (is_dash ? text[i] != '-' : !is_hex) return false;
  }
  return true;
}

Digest digest_of_body(const Event& event, int version, const json::object& data) {
  return DigestWriter()
      .add(event.type)
      .add(int64_t{version})
      .add(format(event.subject))
      .add(event.time.us)
      .add(write_json(data))
      .finish();
}

enum class Origin { kOutside, kInside };

// The rules that hold for every event, wherever it comes from. `data` is of `version`.
Result<Event> complete(Event event, int version, const json::value& data, Origin origin, std::string_view place) {
  TRY(placed(check_text(event.source, kMaxSourceBytes, false), place, "source"));
  TRY(placed(check_text(event.id, kMaxIdBytes, false), place, "id"));
  TRY(placed(check_text(event.subject.key, kMaxKeyBytes, false), place, "subject"));
  TRY(placed(check_time(event.time), place, "time"));
  const auto* type = find_type(event.type);
  if (type == nullptr) return invalid("unknown type of event", fmt::format("{}/type", place));
  if (type->internal && origin == Origin::kOutside) {
    return invalid("only the engine itself makes events of this type", fmt::format("{}/type", place));
  }
  if (event.subject.kind != type->subject) {
    return invalid(fmt::format("the subject of {} is of the kind {}", type->name, name_of(type->subject)),
                   fmt::format("{}/subject", place));
  }
  if (version == 0) version = type->version;
  event.data = TRY(check_data(*type, version, data, fmt::format("{}/data", place)));
  event.schema_version = type->version;
  // Over what was sent, so that a repeat in an older version still is a repeat.
  event.body_digest = digest_of_body(event, version, data.get_object());
  return event;
}

Result<void> check_optional(JsonReader& in, std::string_view place) {
  if (in.text_or("datacontenttype", "application/json") != "application/json") {
    return invalid("only application/json is understood", fmt::format("{}/datacontenttype", place));
  }
  const auto trace = in.text_or("traceparent", "");
  if (!trace.empty() && !is_traceparent(trace)) {
    return invalid("not a W3C traceparent", fmt::format("{}/traceparent", place));
  }
  return {};
}

enum class Mode { kStructured, kBatch };

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::erase_if(result, [](char c) { return c == ' ' || c == '\t' || c == '"'; });
  return result;
}

Result<Mode> parse_content_type(std::string_view content_type) {
  const std::string text = lower(content_type);
  const size_t end = std::min(text.find(';'), text.size());
  const std::string_view media = std::string_view(text).substr(0, end);
  const std::string_view parameters = std::string_view(text).substr(end);
  const bool known = parameters.empty() || parameters == ";" || parameters == ";charset=utf-8";
  if (known && media == "application/cloudevents+json") return Mode::kStructured;
  if (known && media == "application/cloudevents-batch+json") return Mode::kBatch;
  return invalid(
      "send application/cloudevents+json for one event or application/cloudevents-batch+json for a list, in UTF-8");
}

DecodedBody refused(Error problem) {
  DecodedBody result;
  result.problems.push_back(std::move(problem));
  return result;
}

void decode_into(DecodedBody& result, const json::value& document, Timestamp now, std::string_view place) {
  if (result.problems.size() >= kMaxProblems) return;
  auto event = decode_event(document, now, place);
  if (event) {
    result.events.push_back(*std::move(event));
  } else {
    result.problems.push_back(std::move(event.error()));
  }
}

Result<const json::array*> batch_in(const json::value& document) {
  const auto* batch = document.if_array();
  if (batch == nullptr) return invalid("a batch is a list of events");
  if (batch->empty()) return invalid("the batch is empty");
  if (batch->size() > kMaxBatchEvents) {
    return invalid(fmt::format("send at most {} events in a batch", kMaxBatchEvents));
  }
  return batch;
}

}  // namespace

Result<Event> decode_event(const json::value& document, Timestamp now, std::string_view place) {
  JsonReader in(document, place);
  const auto specversion = in.text("specversion", 16);
  Event event;
  event.source = in.text("source", kMaxSourceBytes);
  event.id = in.text("id", kMaxIdBytes);
  event.type = in.text("type", 64);
  const auto subject = in.text("subject", kMaxKeyBytes + 16);
  const auto time = in.text("time", 64);
  const auto schema = in.text_or("dataschema", "", 16);
  const auto& data = in.any("data");
  const auto optional = check_optional(in, place);
  TRY(in.finish());
  TRY(optional);
  if (specversion != "1.0") return invalid("only CloudEvents 1.0 is understood", fmt::format("{}/specversion", place));
  event.subject = TRY(placed(parse_reference(subject), place, "subject"));
  event.time = TRY(placed(parse_timestamp(time), place, "time"));
  if (event.time > now + kMaxAhead) {
    return invalid("lies more than a day in the future: check the sender's clock", fmt::format("{}/time", place));
  }
  const int version = schema.empty() ? 0 : TRY(placed(parse_version(schema), place, "dataschema"));
  return complete(std::move(event), version, data, Origin::kOutside, place);
}

DecodedBody decode_body(std::string_view content_type, std::string_view body, Timestamp now) {
  const auto mode = parse_content_type(content_type);
  if (!mode) return refused(mode.error());
  const auto document = parse_json(body, kMaxBodyBytes);
  if (!document) return refused(document.error());
  DecodedBody result;
  if (*mode == Mode::kStructured) {
    decode_into(result, *document, now, "");
  } else {
    const auto batch = batch_in(*document);
    if (!batch) return refused(batch.error());
    for (size_t i = 0; i < (*batch)->size(); ++i) decode_into(result, (**batch)[i], now, fmt::format("/{}", i));
  }
  if (!result.problems.empty()) result.events.clear();
  return result;
}

json::object encode_event(const Event& event) {
  return {{"specversion", "1.0"},
          {"source", event.source},
          {"id", event.id},
          {"type", event.type},
          {"dataschema", std::to_string(event.schema_version)},
          {"subject", format(event.subject)},
          {"time", format(event.time)},
          {"data", event.data}};
}

Result<Event> make_event(EventParts parts) {
  Event event;
  event.source = std::move(parts.source);
  event.id = std::move(parts.id);
  event.type = std::move(parts.type);
  event.subject = std::move(parts.subject);
  event.time = parts.time;
  event.is_history = parts.is_history;
  return complete(std::move(event), 0, parts.data, Origin::kInside, "");
}

}  // namespace amity::events
