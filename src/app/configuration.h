// Every setting of the program, declared once (configuration.cpp): its name, unit, range, default and help.
//
// A value comes from the command line (--database), else the environment (AMITY_DATABASE), else a YAML file given with
// --configuration, else the default. An unknown key, or a value out of its range, is refused with its place.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::app {

struct Configuration {
  std::string database = "sqlite:data/amity.db";
  std::string keys;         // URL of the key store; empty: beside the database
  std::string key_file;     // empty: beside the database
  std::string institution;  // folder; empty: the definitions inside the program
  std::string checkpoints;  // file outside for signed audit checkpoints; empty: beside the database
  std::string listen = "127.0.0.1:8080";
  std::string tls_certificate;
  std::string tls_key;
  int64_t worker_count = 8;
  int64_t batch_events = 1000;
  int64_t waiting_events = 20'000;
  int64_t settle_events = 50'000;
  int64_t feature_cache_mib = 256;
  int64_t record_cache_count = 100'000;
  std::string log_level = "info";
  // Tests of durability only, and no key: AMITY_TEST_WEAKEN_SYNCHRONOUS=1 in the environment (SQLite's NORMAL).
  bool weaken_synchronous_for_test = false;

  // Whether the database is a file of this machine.
  bool is_file() const { return database.starts_with("sqlite:"); }
  // The path of the data without "sqlite:". For a server's database: what the files kept for it are called, beside the
  // key store where that is a file, else beside the key file ("amity" in the current folder where neither is named).
  std::string data_path() const;
};

// The variables AMITY_... of an environment ("NAME=value" each, null at its end) that are no setting, in order:
// misspelt ones, mostly. Names only: a value may be a secret.
std::vector<std::string> unknown_variables(const char* const* environment);

struct ConfigurationKey {
  std::string_view name;  // "database"; the flag is --database, the variable AMITY_DATABASE
  std::string_view help;
  std::string Configuration::* text = nullptr;  // one of the two
  int64_t Configuration::* number = nullptr;
  int64_t least = 0;
  int64_t most = 0;
};
std::span<const ConfigurationKey> configuration_keys();

// `given`: values by key from the command line. `environment` looks a variable up (null where it is not set).
using Environment = const char* (*)(const char* name);
Result<Configuration> read_configuration(const std::map<std::string, std::string>& given, Environment environment,
                                         const std::string& file);

}  // namespace amity::app
