#include "service/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "service/internal/config_keys.h"

namespace streamer {
namespace {

constexpr std::string_view kRoot = "streamer";
constexpr std::string_view kVariablePrefix = "STREAMER_";

// "subscription.quota.max_total" → "STREAMER_SUBSCRIPTION_QUOTA_MAX_TOTAL".
std::string VariableOf(std::string_view key) {
  std::string variable(kVariablePrefix);
  for (const char letter : key) {
    variable += letter == '.' ? '_'
                              : static_cast<char>(std::toupper(
                                    static_cast<unsigned char>(letter)));
  }
  return variable;
}

std::string_view DescribeNode(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  if (node.IsNull()) return "nothing";
  return "a value";
}

// Reads one YAML file into a configuration.
class FileReader {
 public:
  FileReader(const std::string& file_name, ServiceConfig& config)
      : file_name_(file_name), config_(config) {}

  Status Read(const std::string& text) {
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(text);
      if (documents.size() > 1) {
        return Problem(YAML::Mark::null_mark(),
                       "expected one YAML document, got " +
                           std::to_string(documents.size()));
      }
      return documents.empty() ? OkStatus() : ReadRoot(documents.front());
    } catch (const YAML::Exception& error) {
      return Problem(error.mark, "expected YAML, got a problem: " + error.msg);
    }
  }

 private:
  Status ReadRoot(const YAML::Node& root) {
    if (root.IsNull()) return OkStatus();
    if (!root.IsMap()) return Expected(root.Mark(), root, "", "a map");
    bool has_root = false;
    for (const auto& member : root) {
      const std::string name = member.first.Scalar();
      if (name != kRoot) {
        return Problem(
            member.first.Mark(),
            name + ": expected only \"" + std::string(kRoot) + "\" at the top");
      }
      if (std::exchange(has_root, true)) {
        return Problem(member.first.Mark(),
                       name + ": expected once, got again");
      }
      STREAMER_RETURN_IF_ERROR(
          ReadSection("", member.first.Mark(), member.second));
    }
    return OkStatus();
  }

  // `path` is "" for the root section; `mark` is where its name stands.
  Status ReadSection(const std::string& path, const YAML::Mark& mark,
                     const YAML::Node& section) {
    if (section.IsNull()) return OkStatus();
    if (!section.IsMap()) return Expected(mark, section, path, "a map");
    for (const auto& member : section) {
      std::string name = path;
      if (!path.empty()) name += '.';
      name += member.first.Scalar();
      STREAMER_RETURN_IF_ERROR(ReadMember(name, member.first, member.second));
    }
    return OkStatus();
  }

  Status ReadMember(const std::string& path, const YAML::Node& name,
                    const YAML::Node& value) {
    if (!seen_.insert(path).second) {
      return Problem(name.Mark(),
                     FullName(path) + ": expected once, got again");
    }
    if (const ConfigKey* key = FindConfigKey(path)) {
      return ReadValue(*key, name.Mark(), value);
    }
    if (IsConfigSection(path)) return ReadSection(path, name.Mark(), value);
    return Problem(name.Mark(), FullName(path) + ": " + ProblemWithKey(path));
  }

  // `mark` is where the key stands: a value that is missing stands nowhere.
  Status ReadValue(const ConfigKey& key, const YAML::Mark& mark,
                   const YAML::Node& value) {
    const std::string path(key.name);
    if (!value.IsScalar()) return Expected(mark, value, path, "a value");
    // yaml-cpp marks what was written in quotes with the tag "!".
    const bool is_text =
        value.Tag() == "!" || value.Tag() == "tag:yaml.org,2002:str";
    if (key.kind != KeyKind::kText && is_text) {
      return Problem(value.Mark(),
                     FullName(path) + ": expected a " +
                         (key.kind == KeyKind::kNumber ? "number" : "boolean") +
                         ", got the text \"" + value.Scalar() + "\"");
    }
    Status status = key.set(value.Scalar(), config_);
    if (status.ok()) return status;
    return Problem(value.Mark(),
                   FullName(path) + ": " + std::string(MessageOf(status)));
  }

  Status Expected(const YAML::Mark& mark, const YAML::Node& node,
                  const std::string& path, const std::string& what) const {
    const std::string where = path.empty() ? "" : FullName(path) + ": ";
    return Problem(mark, where + "expected " + what + ", got " +
                             std::string(DescribeNode(node)));
  }

  static std::string FullName(const std::string& path) {
    return std::string(kRoot) + "." + path;
  }

  Status Problem(const YAML::Mark& mark, const std::string& message) const {
    const std::string line =
        mark.is_null() ? "" : std::to_string(mark.line + 1) + ":";
    return InvalidArgument(file_name_ + ":" + line + " " + message);
  }

  const std::string& file_name_;
  ServiceConfig& config_;
  std::set<std::string> seen_;
};

Status Set(const ConfigKey& key, std::string_view text,
           const std::string& where, ServiceConfig& config) {
  Status status = key.set(text, config);
  if (status.ok()) return status;
  return InvalidArgument(where + ": " + std::string(MessageOf(status)));
}

Status ReadEnvironment(const std::vector<Setting>& environment,
                       ServiceConfig& config) {
  for (const auto& [variable, text] : environment) {
    for (const ConfigKey& key : AllConfigKeys()) {
      if (VariableOf(key.name) != variable) continue;
      STREAMER_RETURN_IF_ERROR(Set(key, text, variable, config));
    }
  }
  return OkStatus();
}

Status ReadFlags(const std::vector<Setting>& flags, ServiceConfig& config) {
  for (const auto& [name, text] : flags) {
    const ConfigKey* key = FindConfigKey(name);
    if (key == nullptr) {
      return InvalidArgument("--" + name + ": " + ProblemWithKey(name));
    }
    STREAMER_RETURN_IF_ERROR(Set(*key, text, "--" + name, config));
  }
  return OkStatus();
}

Status CheckTogether(const ServiceConfig& config) {
  if (config.http.port != 0 && config.http.port == config.grpc.port) {
    return InvalidArgument(
        "grpc.port: expected another port than HTTP's, got " +
        std::to_string(config.grpc.port) + " for both");
  }
  const bool follows = !config.source.address.empty();
  if (follows && config.roles.puller) {
    return InvalidArgument(
        "puller.address: expected roles \"streamer\" beside it, got a process "
        "that is a puller itself");
  }
  if (!follows && !config.roles.puller) {
    return InvalidArgument(
        "puller.address: expected the address of a puller for roles "
        "\"streamer\", got none");
  }
  const BackoffOptions& backoff = config.source.consumer.backoff;
  if (backoff.minimum > backoff.maximum) {
    return InvalidArgument(
        "puller.reconnect_backoff_min: expected at most "
        "puller.reconnect_backoff_max, got more");
  }
  return OkStatus();
}

// Opens the sections of `name` that `open` has not opened yet, and indents.
void PrintSections(std::string_view name, std::string& open,
                   std::string& yaml) {
  std::size_t depth = 1;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos;
       dot = name.find('.', dot + 1), ++depth) {
    const std::string section(name.substr(0, dot + 1));
    if (open.starts_with(section)) continue;
    const std::size_t start = section.rfind('.', dot - 1) + 1;
    yaml += std::string(2 * depth, ' ') + section.substr(start, dot - start) +
            ":\n";
    open = section;
  }
  open = name.substr(0, name.rfind('.') + 1);
  yaml += std::string(2 * depth, ' ');
}

}  // namespace

Result<ServiceConfig> ReadConfig(const ConfigSources& sources) {
  ServiceConfig config;
  STREAMER_RETURN_IF_ERROR(
      FileReader(sources.file_name, config).Read(sources.file_text));
  STREAMER_RETURN_IF_ERROR(ReadEnvironment(sources.environment, config));
  STREAMER_RETURN_IF_ERROR(ReadFlags(sources.flags, config));
  STREAMER_RETURN_IF_ERROR(CheckTogether(config));
  return config;
}

std::vector<std::string> UnknownVariables(
    const std::vector<Setting>& environment) {
  std::vector<std::string> unknown;
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with(kVariablePrefix)) continue;
    const auto keys = AllConfigKeys();
    if (std::none_of(keys.begin(), keys.end(), [&](const ConfigKey& key) {
          return VariableOf(key.name) == variable;
        })) {
      unknown.push_back(variable);
    }
  }
  return unknown;
}

std::string PrintConfig(const ServiceConfig& config) {
  std::string yaml = std::string(kRoot) + ":\n";
  std::string open;
  for (const ConfigKey& key : AllConfigKeys()) {
    PrintSections(key.name, open, yaml);
    yaml += std::string(key.name.substr(key.name.rfind('.') + 1)) + ": ";
    const std::string value = key.get(config);
    const bool is_plain = key.kind != KeyKind::kText;
    yaml += is_plain ? value : "\"" + value + "\"";
    yaml += "  # " + std::string(key.help) + "\n";
  }
  return yaml;
}

std::vector<ConfigKeyInfo> ConfigKeys() {
  std::vector<ConfigKeyInfo> keys;
  for (const ConfigKey& key : AllConfigKeys()) {
    keys.push_back({key.name, key.help});
  }
  return keys;
}

std::string ProblemWithKey(std::string_view key) {
  if (FindConfigKey(key) != nullptr) return "";
  if (IsUnsupportedKey(key)) return "not supported by this version";
  std::string problem = "unknown key";
  const std::string_view nearest = NearestKey(key);
  if (!nearest.empty()) {
    problem += "; did you mean \"" + std::string(nearest) + "\"?";
  }
  return problem;
}

}  // namespace streamer
