#include "api/problem.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "customers/search_index.h"

namespace amity::api {
namespace {

struct Kind {
  int status;
  std::string_view name;
  std::string_view title_en;
  std::string_view title_zh;
};

// In the order of Code.
constexpr Kind kCodes[] = {
    {400, "invalid", "The request is malformed", "请求格式有误"},
    {401, "unauthenticated", "Sign in first", "请先登录"},
    {403, "forbidden", "This is not allowed for you", "您无权执行此操作"},
    {404, "not_found", "There is no such thing", "未找到所请求的内容"},
    {409, "conflict", "This contradicts what is recorded", "与已有记录冲突"},
    {422, "unprocessable", "A rule does not allow this", "业务规则不允许此操作"},
    {429, "limit", "Too much at once", "请求超出限额，请稍后重试"},
    {503, "unavailable", "Not available now", "服务暂不可用，请稍后重试"},
    {504, "timeout", "Not finished in time", "处理超时"},
    {500, "internal", "An error of ours", "系统内部错误"},
};

// In the order of Refusal.
constexpr Kind kRefusals[] = {
    {400, "malformed_http", "This is not HTTP/1.1", "不是有效的 HTTP/1.1 请求"},
    {405, "method_not_allowed", "The method is not allowed here", "不支持该请求方法"},
    {408, "request_timeout", "The request took too long to arrive", "接收请求超时"},
    {411, "length_required", "The length of the body is missing", "缺少请求体长度"},
    {412, "precondition_failed", "It has changed since it was read", "内容已被修改，请重新读取"},
    {413, "content_too_large", "The body is too large", "请求体过大"},
    {414, "uri_too_long", "The address is too long", "请求地址过长"},
    {415, "unsupported_media_type", "The body has another type than is read here", "不支持的内容类型"},
    {417, "expectation_failed", "The expectation cannot be met", "无法满足 Expect 要求"},
    {428, "precondition_required", "If-Match is missing", "缺少 If-Match 请求头"},
    {431, "headers_too_large", "The headers are too large", "请求头过大"},
    {505, "http_version_not_supported", "Only HTTP/1.1 and HTTP/1.0 are spoken", "仅支持 HTTP/1.1 与 HTTP/1.0"},
};

constexpr Kind kSearchIndex = {503, "unavailable", "The search index is being built; search again in a few minutes",
                               "客户搜索索引正在重建，请几分钟后再搜索"};

const Kind& kind_of(Refusal refusal) { return kRefusals[static_cast<int>(refusal)]; }

const Kind& kind_of(const Error& error) {
  if (error.place == kIfMatchPlace && error.code == Code::kConflict) return kind_of(Refusal::kPreconditionFailed);
  if (error.place == kIfMatchPlace && error.code == Code::kInvalid) return kind_of(Refusal::kPreconditionRequired);
  if (error.place == customers::kSearchIndexPlace && error.code == Code::kUnavailable) return kSearchIndex;
  return kCodes[static_cast<int>(error.code)];
}

json::object place_of(std::string_view place, std::string_view detail) {
  json::object entry{{"detail", detail}};
  if (place.starts_with('/')) {
    entry["pointer"] = place;
  } else if (place.starts_with('?')) {
    entry["query"] = place.substr(1);
  } else if (place.starts_with("header:")) {
    entry["header"] = place.substr(7);
  } else if (place.starts_with("path:")) {
    entry["path"] = place.substr(5);
  } else if (!place.empty()) {  // of a whole batch there is none
    entry["place"] = place;
  }
  return entry;
}

std::string first_place(const json::value& entry) {
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"pointer", ""}, {"query", "?"}, {"header", "header:"}, {"path", "path:"}, {"place", ""}};
  for (const auto& [name, prefix] : kKinds) {
    const auto* found = entry.is_object() ? entry.get_object().if_contains(name) : nullptr;
    if (found != nullptr && found->is_string())
      return fmt::format("{}{}", prefix, std::string_view(found->get_string()));
  }
  return "";
}

Response document(const Request& request, const Kind& kind, std::string_view detail, std::string_view place) {
  json::object body{{"type", fmt::format("/problems/{}", kind.name)},
                    {"title", request.language == "zh" ? kind.title_zh : kind.title_en},
                    {"status", kind.status},
                    {"trace_id", request.trace_id}};
  if (!detail.empty()) body["detail"] = detail;
  if (!place.empty()) body["errors"] = json::array{place_of(place, detail)};
  auto response = json_response(body, kind.status);
  response.content_type = "application/problem+json";
  response.headers.push_back({"content-language", request.language == "zh" ? "zh" : "en"});
  if (kind.status == 429 || kind.status == 503) response.headers.push_back({"retry-after", "1"});
  if (kind.status == 401) response.headers.push_back({"www-authenticate", "Bearer realm=\"amity\""});
  return response;
}

// A quality value (RFC 9110 section 12.4.2) in thousandths; malformed ones count as none.
int quality_of(std::string_view parameters) {
  const size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return 1000;
  double quality = 0;
  const auto text = parameters.substr(at + 2);
  std::from_chars(text.data(), text.data() + text.size(), quality);
  return quality >= 0 && quality <= 1 ? static_cast<int>(quality * 1000) : 0;
}

}  // namespace

int status_of(const Error& error) { return kind_of(error).status; }
int status_of(Refusal refusal) { return kind_of(refusal).status; }

Response problem(const Request& request, const Error& error) {
  if (error.code == Code::kInternal) return document(request, kind_of(error), "", "");
  return document(request, kind_of(error), error.message, error.place);
}

Response problem(const Request& request, std::span<const Error> errors) {
  auto response = problem(request, errors.front());
  auto body = parse_json(response.body).value_or(json::object()).as_object();
  json::array places;
  for (const auto& error : errors) places.push_back(place_of(error.place, error.message));
  body["errors"] = std::move(places);
  response.body = write_json(body);
  return response;
}

Response problem(const Request& request, Refusal refusal, std::string_view detail) {
  return document(request, kind_of(refusal), detail, "");
}

Error error_of_problem(const Response& response) {
  const auto by_status = std::ranges::find(kCodes, response.status, &Kind::status);
  Error error{Code::kInternal, fmt::format("the server answered {}", response.status), ""};
  if (by_status != std::end(kCodes)) error.code = static_cast<Code>(by_status - std::begin(kCodes));
  if (by_status == std::end(kCodes) && response.status < 500) error.code = Code::kInvalid;
  const auto document = parse_json(response.body);
  if (!document || !document->is_object()) return error;
  const auto& fields = document->get_object();
  for (const auto* name : {"detail", "title"}) {
    const auto* text = fields.if_contains(name);
    if (text == nullptr || !text->is_string()) continue;
    error.message = std::string(text->get_string());
    break;
  }
  const auto* errors = fields.if_contains("errors");
  if (errors != nullptr && errors->is_array() && !errors->get_array().empty()) {
    error.place = first_place(errors->get_array()[0]);
  }
  return error;
}

std::string_view preferred_language(std::string_view accept_language) {
  int english = 0;
  int chinese = 0;
  while (!accept_language.empty()) {
    const size_t comma = std::min(accept_language.find(','), accept_language.size());
    auto one = accept_language.substr(0, comma);
    accept_language.remove_prefix(std::min(comma + 1, accept_language.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    const size_t semicolon = std::min(one.find(';'), one.size());
    const int quality = quality_of(one.substr(semicolon));
    if (one.starts_with("zh")) chinese = std::max(chinese, quality);
    if (one.starts_with("en")) english = std::max(english, quality);
  }
  return chinese > english ? "zh" : "en";
}

}  // namespace amity::api
