#include "service/internal/command_line.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "service/service.h"

namespace streamer {
namespace {

// What CLI11 fills in.
struct Flags {
  std::vector<std::string> files;
  bool check_config = false;
  bool print_config = false;
  std::map<std::string, std::vector<std::string>> keys;
};

void Declare(CLI::App& app, Flags& flags) {
  app.set_version_flag("--version", "streamerd " + std::string(Version()));
  app.add_option("--config", flags.files, "YAML file to read")
      ->type_name("FILE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--check-config", flags.check_config,
               "Say whether the configuration is right, and stop");
  app.add_flag("--print-config", flags.print_config,
               "Print the configuration with its defaults, and stop");
  for (const ConfigKeyInfo& key : ConfigKeys()) {
    const std::string name(key.name);
    app.add_option("--" + name, flags.keys[name], std::string(key.help))
        ->type_name("VALUE")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
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
  // Piece by piece: an iterator would throw at what cannot be read, such as a
  // folder.
  std::array<char, 4096> piece;
  while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.eof() && !file.bad()) return text;
  return NotFound(name + ": expected a file to read, got \"" +
                  std::strerror(errno) + "\"");
}

// A flag given twice is a mistake: which one was meant is not ours to guess.
Status CheckOnce(const std::string& name,
                 const std::vector<std::string>& values) {
  if (values.size() <= 1) return OkStatus();
  return InvalidArgument("--" + name + ": expected once, got " +
                         std::to_string(values.size()) + " times");
}

Result<CommandLine> FromFlags(Flags flags, std::vector<Setting> environment) {
  CommandLine line;
  if (flags.check_config) line.action = Action::kCheckConfig;
  if (flags.print_config) line.action = Action::kPrintConfig;
  line.sources.environment = std::move(environment);
  for (const auto& [name, values] : flags.keys) {
    STREAMER_RETURN_IF_ERROR(CheckOnce(name, values));
    if (!values.empty()) line.sources.flags.emplace_back(name, values.front());
  }
  STREAMER_RETURN_IF_ERROR(CheckOnce("config", flags.files));
  if (!flags.files.empty()) {
    line.sources.file_name = flags.files.front();
    STREAMER_ASSIGN_OR_RETURN(line.sources.file_text,
                              ReadFile(line.sources.file_name));
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
  } catch (const CLI::ArgumentMismatch& error) {
    // "--port: 1 required VALUE missing"
    const std::string text = error.what();
    return InvalidArgument(text.substr(0, text.find(':')) +
                           ": expected a value, got nothing");
  } catch (const CLI::ParseError& error) {
    return InvalidArgument(error.what());
  }
  STREAMER_RETURN_IF_ERROR(CheckExtras(app));
  return FromFlags(std::move(flags), std::move(environment));
}

}  // namespace streamer
