// judge: whether what real processes did keeps the invariants, by the checker
// of the simulation.
//
//   judge --log FOLDER [--source FOLDER] [--lost FOLDER] [--cause
//   KIND[:GATEWAY]]
//         HISTORY...
//
// FOLDER is the log of a streamer that has ended; HISTORY what a gateway wrote
// down (history_reader.h says in which form, and what cannot be recorded).
// Without --source it is not judged whether all events of the source came to
// the streamer. --lost is a copy of the log of before its tail was lost. A
// resync needs a cause, and there is none but those that are given.
//
// Exit status 1 when an invariant was broken, 2 when something cannot be read.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "sim/checker/checker.h"
#include "sim/judge/history_reader.h"
#include "sim/judge/log_reader.h"

namespace {

using streamer::Result;
using streamer::sim::Cause;
using streamer::sim::Check;
using streamer::sim::Complaint;
using streamer::sim::Delivered;
using streamer::sim::GatewayHistory;
using streamer::sim::GatewayRecord;
using streamer::sim::History;
using streamer::sim::Noticed;
using streamer::sim::ProcessStarted;
using streamer::sim::ReadGatewayHistory;
using streamer::sim::ReadLog;
using streamer::sim::ReadStoppedLog;
using streamer::sim::Welcomed;

struct Options {
  std::string log;
  std::string source;
  std::string lost;
  std::vector<std::string> causes;
  std::vector<std::string> histories;
};

constexpr std::array<std::pair<std::string_view, Cause::Kind>, 5> kCauses = {{
    {"source_gap", Cause::Kind::kSourceGap},
    {"unreadable", Cause::Kind::kUnreadable},
    {"gateway_lost", Cause::Kind::kGatewayLost},
    {"expired", Cause::Kind::kExpired},
    {"store_lost", Cause::Kind::kStoreLost},
}};

// "expired:g1", or without the gateway for any.
Result<Cause> ReadCause(const std::string& text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string kind = text.substr(0, colon);
  std::string expected;
  for (const auto& [name, meaning] : kCauses) {
    if (name == kind) {
      Cause cause;
      cause.kind = meaning;
      cause.gateway_id = text.substr(std::min(colon + 1, text.size()));
      return cause;
    }
    absl::StrAppend(&expected, expected.empty() ? "" : ", ", std::string(name));
  }
  return streamer::InvalidArgument(absl::StrCat(
      "--cause: expected one of ", expected, ", got \"", kind, "\""));
}

Result<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return streamer::InvalidArgument(
        absl::StrCat(path, ": expected a history, got nothing readable"));
  }
  return text.str();
}

// What stood at positions that are those of other events now, or of none.
void TakeLost(const ReadLog& before, History& history) {
  for (const streamer::LogEntry& entry : before.entries) {
    const auto resolved = history.log_history.Resolve(entry.position);
    if (!resolved.ok() || resolved->is_cut_back) {
      history.lost.emplace(entry.position, entry);
    }
  }
}

Result<History> Read(const Options& options) {
  History history;
  STREAMER_ASSIGN_OR_RETURN(ReadLog log, ReadStoppedLog(options.log));
  history.log = std::move(log.entries);
  history.log_history = std::move(log.history);
  // It has all events, so every process found the first.
  history.first_at_start = {1};
  history.is_source_known = !options.source.empty();
  if (history.is_source_known) {
    STREAMER_ASSIGN_OR_RETURN(ReadLog source, ReadStoppedLog(options.source));
    history.source = std::move(source.entries);
  }
  if (!options.lost.empty()) {
    STREAMER_ASSIGN_OR_RETURN(const ReadLog before,
                              ReadStoppedLog(options.lost));
    TakeLost(before, history);
  }
  for (const std::string& text : options.causes) {
    STREAMER_ASSIGN_OR_RETURN(Cause cause, ReadCause(text));
    history.causes.push_back(std::move(cause));
  }
  for (const std::string& path : options.histories) {
    STREAMER_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
    STREAMER_ASSIGN_OR_RETURN(
        GatewayHistory gateway,
        ReadGatewayHistory(text, path, history.log.size()));
    history.gateways.push_back(std::move(gateway));
  }
  return history;
}

template <typename Record>
std::size_t Count(const History& history) {
  std::size_t count = 0;
  for (const GatewayHistory& gateway : history.gateways) {
    for (const GatewayRecord& record : gateway.records) {
      count += std::holds_alternative<Record>(record.what) ? 1 : 0;
    }
  }
  return count;
}

void Print(const History& history, const std::vector<Complaint>& complaints) {
  for (const Complaint& complaint : complaints) {
    std::cout << "  " << complaint.invariant << ": " << complaint.text << '\n';
  }
  std::cout << complaints.size() << " broken; " << history.log.size()
            << " events, " << history.gateways.size() << " gateways, "
            << Count<ProcessStarted>(history) << " processes, "
            << Count<Delivered>(history) << " deliveries, "
            << Count<Noticed>(history) << " notices, "
            << Count<Welcomed>(history) << " welcomes, "
            << history.log_history.epochs().size() << " epochs of the log\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Judges what gateways wrote down by the log of their service.");
  Options options;
  app.add_option("--log", options.log, "the streamer's log")->required();
  app.add_option("--source", options.source, "the log of its puller");
  app.add_option("--lost", options.lost,
                 "the streamer's log of before it lost its tail");
  app.add_option("--cause", options.causes,
                 "what a resync may be for, KIND or KIND:GATEWAY")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("histories", options.histories, "what gateways wrote down")
      ->required();
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::off);
  const Result<History> history = Read(options);
  if (!history.ok()) {
    std::cerr << "judge: " << streamer::MessageOf(history.status()) << '\n';
    return 2;
  }
  const std::vector<Complaint> complaints = Check(*history);
  Print(*history, complaints);
  return complaints.empty() ? 0 : 1;
}
