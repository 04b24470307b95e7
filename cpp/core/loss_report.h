// LossReport: that events may be missing, and why, as people are told of it.
//
// Thread-safety: plain data.
#ifndef STREAMER_CORE_LOSS_REPORT_H_
#define STREAMER_CORE_LOSS_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "event/position.h"

namespace streamer {

// Why continuity was lost.
enum class LossCause : std::uint8_t {
  kSourceGap,         // the source says so
  kClusterTime,       // the source's events say so
  kUnreadable,        // an event of the source could not be read
  kDeleteUnresolved,  // nobody knows which document was deleted
  kNotRestored,       // a subscription found no room after a restart
  kLag,               // the gateway was behind by more than session.max_lag
  kTrimmed,           // the log no longer holds what the gateway lacks
};
inline constexpr std::size_t kLossCauses = 7;
// As logs and metrics call it: "source_gap", …
std::string_view NameOf(LossCause cause);
// What gateways are told of kTrimmed.
inline constexpr char kTrimmedReason[] = "the log no longer holds these events";

// Once for all whom it concerns.
struct LossReport {
  LossCause cause = LossCause::kSourceGap;
  std::string reason;
  // Whose events may be missing; empty: any.
  std::string backend;
  std::string tenant;
  std::string collection;
  Position from;
  Position to;
  // How many gateways have subscriptions that it concerns; which, if it is one.
  std::size_t gateways = 0;
  std::string gateway_id;
};

}  // namespace streamer

#endif  // STREAMER_CORE_LOSS_REPORT_H_
