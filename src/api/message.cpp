#include "api/message.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "api/problem.h"
#include "base/check.h"

namespace amity::api {
namespace {

constexpr std::string_view kMethodNames[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

std::optional<std::string_view> find(const Fields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  if (found == fields.end()) return std::nullopt;
  return found->value;
}

std::string quoted(std::string_view version) { return fmt::format("\"{}\"", version); }

// Strong comparison (RFC 9110 section 13.1.1): a list of tags, or "*" for any.
bool names_tag(std::string_view header, std::string_view tag) {
  while (!header.empty()) {
    const size_t comma = std::min(header.find(','), header.size());
    auto one = header.substr(0, comma);
    header.remove_prefix(std::min(comma + 1, header.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == "*" || one == tag) return true;
  }
  return false;
}

}  // namespace

std::string_view name_of(Method method) {
  return method == Method::kOther ? "" : kMethodNames[static_cast<int>(method)];
}

Method parse_method(std::string_view name) {
  const auto found = std::ranges::find(kMethodNames, name);
  return static_cast<Method>(found - std::begin(kMethodNames));
}

std::string_view Request::header(std::string_view lower_name) const { return find(headers, lower_name).value_or(""); }

std::string_view Request::parameter(std::string_view name) const {
  const auto value = find(path_parameters, name);
  CHECK(value.has_value());
  return *value;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const { return find(query, name); }

const security::Caller& Request::who() const {
  CHECK(caller.has_value());
  return *caller;
}

Result<json::value> json_body(const Request& request) { return parse_json(request.body); }

Result<void> refuse_unknown_query(const Request& request, std::span<const std::string_view> known) {
  for (size_t i = 0; i < request.query.size(); ++i) {
    if (std::ranges::find(known, request.query[i].name) != known.end()) continue;
    const auto names = known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "));
    // The name is not repeated: it may be anything.
    return invalid(fmt::format("name {} of the query is unknown; known here: {}", i + 1, names), "query");
  }
  return {};
}

Result<int64_t> query_integer(const Request& request, std::string_view name, int64_t least, int64_t most,
                              int64_t otherwise) {
  const auto text = request.query_value(name);
  if (!text) return otherwise;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < least || value > most) {
    return invalid(fmt::format("must be a whole number from {} to {}", least, most), fmt::format("?{}", name));
  }
  return value;
}

std::string_view Response::header(std::string_view lower_name) const { return find(headers, lower_name).value_or(""); }

Response json_response(const json::value& value, int status) {
  Response response;
  response.status = status;
  response.body = write_json(value);
  return response;
}

Response created(std::string_view location, const json::value& value) {
  auto response = json_response(value, 201);
  response.headers.push_back({"location", std::string(location)});
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

Response with_etag(Response response, std::string_view version) {
  response.headers.push_back({"etag", quoted(version)});
  return response;
}

Result<void> require_match(const Request& request, std::string_view current_version) {
  const auto wanted = request.header("if-match");
  if (wanted.empty()) {
    return invalid("send If-Match with the ETag of the version that is to be changed", std::string(kIfMatchPlace));
  }
  if (!names_tag(wanted, quoted(current_version))) {
    return fail(Code::kConflict, "it has changed since it was read; read it again", std::string(kIfMatchPlace));
  }
  return {};
}

bool is_not_modified(const Request& request, const Response& response) {
  const auto tag = response.header("etag");
  const auto known = request.header("if-none-match");
  return response.status == 200 && !tag.empty() && !known.empty() && names_tag(known, tag);
}

}  // namespace amity::api
