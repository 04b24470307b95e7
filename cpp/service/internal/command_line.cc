#include "service/internal/command_line.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "service/service.h"

namespace streamer {
namespace {

// What CLI11 fills in.
struct Flags {
  std::string file;
  bool check_config = false;
  bool print_config = false;
  std::map<std::string, std::string> keys;
};

void Declare(CLI::App& app, Flags& flags) {
  app.set_version_flag("--version", "streamerd " + std::string(Version()));
  app.add_option("--config", flags.file, "YAML file to read")
      ->type_name("FILE");
  app.add_flag("--check-config", flags.check_config,
               "Say whether the configuration is right, and stop");
  app.add_flag("--print-config", flags.print_config,
               "Print the configuration with its defaults, and stop");
  for (const ConfigKeyInfo& key : ConfigKeys()) {
    const std::string name(key.name);
    app.add_option_function<std::string>(
           "--" + name,
           [&flags, name](const std::string& text) { flags.keys[name] = text; },
           std::string(key.help))
        ->type_name("VALUE");
  }
  app.allow_extras();
}

// The first argument that CLI11 did not know.
Status CheckExtras(const CLI::App& app) {
  for (const std::string& extra : app.remaining()) {
    if (!extra.starts_with("--")) {
      return InvalidArgument("expected flags, got \"" + extra + "\"");
    }
    const std::string name = extra.substr(2, extra.find('=') - 2);
    return InvalidArgument("--" + name + ": " + ProblemWithKey(name));
  }
  return OkStatus();
}

Result<std::string> ReadFile(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::string text;
  if (file) {
    text.assign(std::istreambuf_iterator<char>(file), {});
    if (!file.bad()) return text;
  }
  return NotFound(name + ": expected a file to read, got \"" +
                  std::strerror(errno) + "\"");
}

Result<CommandLine> FromFlags(Flags flags, std::vector<Setting> environment) {
  CommandLine line;
  if (flags.check_config) line.action = Action::kCheckConfig;
  if (flags.print_config) line.action = Action::kPrintConfig;
  line.sources.environment = std::move(environment);
  line.sources.flags.assign(flags.keys.begin(), flags.keys.end());
  if (!flags.file.empty()) {
    line.sources.file_name = flags.file;
    STREAMER_ASSIGN_OR_RETURN(line.sources.file_text, ReadFile(flags.file));
  }
  return line;
}

}  // namespace

Result<CommandLine> ReadCommandLine(const std::vector<std::string>& arguments,
                                    std::vector<Setting> environment) {
  Flags flags;
  CLI::App app("Streamer's service: matches change events and delivers them.",
               "streamerd");
  Declare(app, flags);
  try {
    // CLI11 takes arguments from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return CommandLine{.action = Action::kShowText, .text = app.help()};
  } catch (const CLI::CallForVersion& version) {
    return CommandLine{.action = Action::kShowText,
                       .text = std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return InvalidArgument(error.what());
  }
  STREAMER_RETURN_IF_ERROR(CheckExtras(app));
  return FromFlags(std::move(flags), std::move(environment));
}

}  // namespace streamer
