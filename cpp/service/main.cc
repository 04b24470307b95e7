// streamerd: reads its configuration, serves until it is told to stop, drains.
//
// Exit codes: 0 after a drain that saved everything, 1 when it did not, when it
// cannot serve or has to leave in a hurry, 2 when the command line or the
// configuration is wrong.

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "service/config.h"
#include "service/internal/command_line.h"
#include "service/internal/signals.h"
#include "service/logging.h"
#include "service/service.h"

namespace streamer {
namespace {

constexpr int kFailed = 1;
constexpr int kMisused = 2;
// Of drain_timeout: how long a drain waits for others, and when it is left as
// it is. Between the two, what it has is closed.
constexpr double kWaitingShare = 0.9;
constexpr double kLeavingShare = 0.98;

Duration ShareOf(Duration timeout, double share) {
  return Duration(
      static_cast<Duration::rep>(static_cast<double>(timeout.count()) * share));
}

// Before the log begins: for who sits at the terminal.
int Misused(const Status& status) {
  std::cerr << "streamerd: " << MessageOf(status) << std::endl;
  return kMisused;
}

std::vector<Setting> Environment() {
  std::vector<Setting> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

void WarnOfUnknownVariables(const ConfigSources& sources) {
  for (const std::string& name : UnknownVariables(sources.environment)) {
    Log(LogLevel::kWarning, "environment variable names no key",
        {{"variable", name}});
  }
}

// As in a URL, where an IPv6 address stands in brackets.
std::string HostOf(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

void Announce(const Service& service, const ServiceConfig& config) {
  const std::string host = HostOf(config.http.listen);
  // Logged first: whoever reads the line may be served before the next.
  Log(LogLevel::kInfo, "ready",
      {{"version", Version()},
       {"listen", config.http.listen},
       {"http_port", std::int64_t{service.http_port()}},
       {"grpc_port", std::int64_t{service.grpc_port()}}});
  std::cout << "streamerd ready http=" << host << ":" << service.http_port()
            << " grpc=" << host << ":" << service.grpc_port() << std::endl;
}

// A second signal, or a drain that does not end, leaves at once: that is the
// bound of what nothing can interrupt, such as a disk that does not answer.
void WatchForHurry(SignalWatch signals, Duration patience) {
  std::thread([signals, patience]() mutable {
    const int signal = signals.WaitFor(patience);
    Log(LogLevel::kError, "leaving at once",
        {{"reason", signal == 0 ? "drain_timeout passed" : "second signal"}});
    _exit(kFailed);
  }).detach();
}

int Report(const Drained& drained) {
  const auto how_much = [](bool is_all) {
    return is_all ? "everything" : "not everything";
  };
  Log(drained.is_complete() ? LogLevel::kInfo : LogLevel::kError, "stopped",
      {{"delivered", how_much(drained.is_delivered)},
       {"saved", how_much(drained.is_saved)}});
  return drained.is_saved ? EXIT_SUCCESS : kFailed;
}

int Serve(const CommandLine& line, const ServiceConfig& config) {
  SignalWatch signals;
  StartLogging(config.log_level);
  WarnOfUnknownVariables(line.sources);
  auto service = Service::Start(config);
  if (!service.ok()) {
    Log(LogLevel::kError, "cannot serve",
        {{"reason", MessageOf(service.status())}});
    return kFailed;
  }
  Announce(**service, config);
  signals.Wait();
  Log(LogLevel::kInfo, "draining");
  WatchForHurry(signals, ShareOf(config.drain_timeout, kLeavingShare));
  return Report(
      (*service)->Drain(ShareOf(config.drain_timeout, kWaitingShare)));
}

int Run(const std::vector<std::string>& arguments) {
  const auto line = ReadCommandLine(arguments, Environment());
  if (!line.ok()) return Misused(line.status());
  if (line->action == Action::kShowText) {
    std::cout << line->text;
    return EXIT_SUCCESS;
  }
  const auto config = ReadConfig(line->sources);
  if (!config.ok()) return Misused(config.status());
  switch (line->action) {
    case Action::kPrintConfig:
      std::cout << PrintConfig(*config);
      return EXIT_SUCCESS;
    case Action::kCheckConfig:
      std::cout << "the configuration is right" << std::endl;
      return EXIT_SUCCESS;
    case Action::kServe:
    case Action::kShowText:
      break;
  }
  return Serve(*line, *config);
}

}  // namespace
}  // namespace streamer

int main(int argc, char** argv) {
  return streamer::Run({argv + 1, argv + argc});
}
