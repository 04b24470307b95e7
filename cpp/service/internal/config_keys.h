// The table of configuration keys: name, meaning, how its text is read into a
// ServiceConfig, and how it is written back.
//
// Thread-safety: pure functions over an immutable table.
#ifndef STREAMER_SERVICE_INTERNAL_CONFIG_KEYS_H_
#define STREAMER_SERVICE_INTERNAL_CONFIG_KEYS_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "service/config.h"

namespace streamer {

// How a value is written in YAML: a number or boolean must not be quoted.
enum class KeyKind : std::uint8_t { kNumber, kBoolean, kText };

struct ConfigKey {
  std::string_view name;
  std::string_view help;
  KeyKind kind = KeyKind::kText;
  // InvalidArgument "expected …, got …" without a place.
  std::function<Status(std::string_view text, ServiceConfig& config)> set;
  std::function<std::string(const ServiceConfig& config)> get;
};

// Keys of one section stand together.
std::span<const ConfigKey> AllConfigKeys();
const ConfigKey* FindConfigKey(std::string_view name);

// Whether `name` is a key of a feature that this version does not have.
bool IsUnsupportedKey(std::string_view name);

// Whether `name` is the beginning of a key, as `subscription.quota` is; keys
// that are not supported count too.
bool IsConfigSection(std::string_view name);

// The key or section closest to `name`, or "" when none is near.
std::string_view NearestKey(std::string_view name);

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_CONFIG_KEYS_H_
