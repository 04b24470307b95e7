// usage: conformance <vectors> <list of what is skipped>
//
// Judges every case of the public CEL vectors and prints, for each section,
// how many passed, were skipped and failed. A case on the list counts as
// skipped while it fails; once it passes, or is no case any more, the list is
// wrong and that is a failure too. Below stands how many were skipped for which
// reason, which says how far protobuf messages go.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "judge.h"

namespace streamer::conformance {
namespace {

// Of the conformance suite, those that no message type is needed for: fewer
// means that some were not read.
constexpr int kLeastPassed = 1645;

struct Tally {
  int passed = 0;
  int skipped = 0;
  int failed = 0;
};

// The names of what is skipped, each with its reason.
using Skipped = std::map<std::string, std::string>;

// Lines of names; a line that begins with '#' is the reason for those below.
Skipped ReadSkipped(const std::string& path) {
  std::ifstream file(path);
  Skipped skipped;
  std::string reason;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) {
      reason = line.substr(2);
    } else if (!line.empty()) {
      skipped.emplace(line, reason);
    }
  }
  return skipped;
}

class Run {
 public:
  explicit Run(Skipped skipped) : skipped_(std::move(skipped)) {}

  void Judge(const Case& one) {
    std::string key = one.suite + "/" + one.name;
    std::string failure = FailureOf(one);
    auto listed = skipped_.find(key);
    bool is_listed = listed != skipped_.end();
    met_.insert(key);
    bool is_conformance = one.suite == "conformance";
    if (is_conformance && failure.empty()) ++conformance_passed_;
    Tally& tally = tallies_[one.suite + "/" + one.section];
    if (failure.empty() && is_listed) {
      Report(key, "is on the list of what is skipped, but passes", tally);
    } else if (failure.empty()) {
      ++tally.passed;
    } else if (is_listed && is_conformance && !SpeaksOfMessages(one)) {
      Report(key, "may not be skipped, for it needs no message type", tally);
    } else if (is_listed) {
      ++tally.skipped;
      ++reasons_[one.suite + ": " + listed->second];
    } else {
      Report(key, failure, tally);
    }
  }

  // Whether nothing failed.
  bool Finish() {
    for (const auto& [name, reason] : skipped_) {
      if (met_.count(name) == 0) {
        Report(name, "is on the list of what is skipped, but is no case",
               tallies_["list"]);
      }
    }
    Tally total;
    std::printf("%-32s %8s %8s %8s\n", "section", "passed", "skipped",
                "failed");
    for (const auto& [section, tally] : tallies_) {
      Print(section, tally);
      total.passed += tally.passed;
      total.skipped += tally.skipped;
      total.failed += tally.failed;
    }
    Print("total", total);
    std::printf("skipped, by reason:\n");
    for (const auto& [reason, count] : reasons_) {
      std::printf("%8d  %s\n", count, reason.c_str());
    }
    std::printf("conformance cases passed: %d, at least %d expected\n",
                conformance_passed_, kLeastPassed);
    return total.failed == 0 && conformance_passed_ >= kLeastPassed;
  }

 private:
  static void Print(const std::string& section, const Tally& tally) {
    std::printf("%-32s %8d %8d %8d\n", section.c_str(), tally.passed,
                tally.skipped, tally.failed);
  }

  static void Report(const std::string& name, const std::string& failure,
                     Tally& tally) {
    ++tally.failed;
    std::printf("FAILED %s: %s\n", name.c_str(), failure.c_str());
  }

  Skipped skipped_;
  std::set<std::string> met_;
  std::map<std::string, Tally> tallies_;
  std::map<std::string, int> reasons_;
  int conformance_passed_ = 0;
};

int Main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: %s <vectors> <list of what is skipped>\n",
                 arguments[0]);
    return 2;
  }
  std::ifstream vectors(arguments[1]);
  if (!vectors) {
    std::fprintf(stderr, "expected vectors, cannot open %s\n", arguments[1]);
    return 2;
  }
  Run run(ReadSkipped(arguments[2]));
  for (std::string line; std::getline(vectors, line);) {
    auto fields = nlohmann::json::parse(line);
    run.Judge({fields["suite"], fields["section"], fields["name"], fields});
  }
  return run.Finish() ? 0 : 1;
}

}  // namespace
}  // namespace streamer::conformance

int main(int count, char** arguments) {
  return streamer::conformance::Main(count, arguments);
}
