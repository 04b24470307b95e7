// The command line of streamerd: flags of its own, and one for each key.
//
// Thread-safety: a pure function of its arguments, but for --config, whose
// file it reads.
#ifndef STREAMER_SERVICE_INTERNAL_COMMAND_LINE_H_
#define STREAMER_SERVICE_INTERNAL_COMMAND_LINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "service/config.h"

namespace streamer {

enum class Action : std::uint8_t {
  kServe,
  kCheckConfig,  // read it and say whether it is right
  kPrintConfig,  // read it and print it with its defaults
  kShowText,     // print `text` and stop: --help, --version
};

struct CommandLine {
  Action action = Action::kServe;
  ConfigSources sources;
  std::string text;
};

// `arguments` without the program's name. InvalidArgument when they are not
// understood, NotFound when the file cannot be read.
Result<CommandLine> ReadCommandLine(const std::vector<std::string>& arguments,
                                    std::vector<Setting> environment);

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_COMMAND_LINE_H_
