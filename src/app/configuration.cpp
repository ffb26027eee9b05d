#include "app/configuration.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/yaml.h"
#include "events/decode.h"

namespace amity::app {
namespace {

using C = Configuration;

constexpr std::string_view kLogLevels[] = {"debug", "info", "warn", "error"};

constexpr ConfigurationKey kKeys[] = {
    {"database", "where everything is kept: sqlite:PATH or postgresql://USER@HOST/NAME", &C::database},
    {"keys", "URL of the key store, a database of its own (beside the data where empty)", &C::keys},
    {"key-file", "the master key's file, readable by its owner only (beside the data where empty)", &C::key_file},
    {"institution", "folder of the institution's definitions (those inside the program where empty)", &C::institution},
    {"checkpoints", "file that signed audit checkpoints are appended to; keep it elsewhere", &C::checkpoints},
    {"listen", "address and port of the server; other than loopback needs TLS", &C::listen},
    {"tls-certificate", "PEM file of the certificate chain", &C::tls_certificate},
    {"tls-key", "PEM file of its private key", &C::tls_key},
    {"workers", "threads that answer requests", nullptr, &C::worker_count, 1, 256},
    {"batch-events", "events committed together at most", nullptr, &C::batch_events, 1, 10'000},
    // Less than one request may bring, and that request would be told to come again for ever.
    {"waiting-events", "events waiting to be taken; more are refused with 429", nullptr, &C::waiting_events,
     events::kMaxBatchEvents, 1'000'000},
    {"settle-events",
     "events after which derived state is settled into its tables; what is not, a crash leaves to be made again",
     nullptr, &C::settle_events, 1, 1'000'000},
    {"feature-cache-mib", "memory for feature states, MiB", nullptr, &C::feature_cache_mib, 16, 1'000'000},
    {"record-cache", "customers and accounts kept in memory, each", nullptr, &C::record_cache_count, 10'000,
     100'000'000},
    {"log-level", "debug, info, warn or error", &C::log_level},
};

constexpr std::string_view kPrefix = "AMITY_";
// Variables that are no settings and have a reader all the same: the password of a command, and what tests and scripts
// set. One that ends in _ stands for all that begin so.
constexpr std::string_view kReserved[] = {"AMITY_PASSWORD", "AMITY_TEST_", "AMITY_SHIM_",
                                          "AMITY_DATA",     "AMITY_LONG",  "AMITY_COUNTS"};

std::string variable_of(std::string_view key) {
  std::string name(kPrefix);
  for (char c : key) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

const ConfigurationKey* find_key(std::string_view name) {
  const auto found = std::ranges::find(kKeys, name, &ConfigurationKey::name);
  return found == std::end(kKeys) ? nullptr : found;
}

Result<void> set(Configuration& configuration, const ConfigurationKey& key, std::string_view value, std::string place) {
  if (key.text == &C::log_level && std::ranges::find(kLogLevels, value) == std::end(kLogLevels)) {
    return invalid(fmt::format("{} is one of {}", key.name, fmt::join(kLogLevels, ", ")), std::move(place));
  }
  if (key.text != nullptr) {
    configuration.*key.text = std::string(value);
    return {};
  }
  int64_t number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (read.ec != std::errc{} || read.ptr != value.data() + value.size() || number < key.least || number > key.most) {
    return invalid(fmt::format("{} is a whole number between {} and {}", key.name, key.least, key.most),
                   std::move(place));
  }
  configuration.*key.number = number;
  return {};
}

Result<void> read_file(Configuration& configuration, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return not_found("the configuration file cannot be read", path);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto value = TRY(parse_yaml(text));
  const auto* object = value.if_object();
  if (object == nullptr) return invalid("a configuration file lists keys and values", path);
  for (const auto& field : *object) {
    const auto* key = find_key(field.key());
    const auto place = path + " " + std::string(field.key());
    if (key == nullptr) return invalid("unknown key: see amity --help for the list", place);
    const auto& given = field.value();
    if (!given.is_string() && !given.is_int64()) return invalid("text or a whole number is expected", place);
    const auto written = given.is_string() ? std::string(given.get_string()) : std::to_string(given.get_int64());
    TRY(set(configuration, *key, written, place));
  }
  return {};
}

}  // namespace

std::string Configuration::data_path() const {
  constexpr std::string_view kFile = "sqlite:";
  if (is_file()) return database.substr(kFile.size());
  const auto beside = keys.starts_with(kFile) ? keys.substr(kFile.size()) : key_file;
  return beside.empty() ? "amity" : std::filesystem::path(beside).replace_extension().string();
}

std::span<const ConfigurationKey> configuration_keys() { return kKeys; }

std::vector<std::string> unknown_variables(const char* const* environment) {
  std::vector<std::string> unknown;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const auto name = variable.substr(0, variable.find('='));
    if (!name.starts_with(kPrefix)) continue;
    const auto is_it = [&](const ConfigurationKey& key) { return variable_of(key.name) == name; };
    const auto stands_for_it = [&](std::string_view reserved) {
      return reserved.ends_with('_') ? name.starts_with(reserved) : name == reserved;
    };
    if (std::ranges::any_of(kKeys, is_it) || std::ranges::any_of(kReserved, stands_for_it)) continue;
    unknown.emplace_back(name);
  }
  std::ranges::sort(unknown);
  return unknown;
}

Result<Configuration> read_configuration(const std::map<std::string, std::string>& given, Environment environment,
                                         const std::string& file) {
  Configuration configuration;
  if (!file.empty()) TRY(read_file(configuration, file));
  for (const auto& key : kKeys) {
    const auto variable = variable_of(key.name);
    if (const char* value = environment(variable.c_str())) TRY(set(configuration, key, value, variable));
  }
  for (const auto& [name, value] : given) {
    const auto* key = find_key(name);
    if (key == nullptr) return invalid("unknown key", "--" + name);
    TRY(set(configuration, *key, value, "--" + name));
  }
  configuration.weaken_synchronous_for_test = environment("AMITY_TEST_WEAKEN_SYNCHRONOUS") != nullptr;
  const auto beside = configuration.data_path();
  if (configuration.keys.empty()) configuration.keys = "sqlite:" + beside + ".keys";
  if (configuration.key_file.empty()) configuration.key_file = beside + ".key";
  if (configuration.checkpoints.empty()) configuration.checkpoints = beside + ".checkpoints";
  return configuration;
}

}  // namespace amity::app
