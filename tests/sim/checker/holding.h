// Holding: which documents a filter holds, before an event and after it, by the
// log alone; and what may then be said of it to who asked for membership.
//
// A document is held when the filter is true of it and it is not deleted. What
// it was before is told by the before-image, or by the event if it is an
// insert, or else by the last event of the document, unless something between
// the two was lost or could not be read.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_CHECKER_HOLDING_H_
#define STREAMER_TESTS_SIM_CHECKER_HOLDING_H_

#include <cstdint>
#include <string>

#include "filter/filter.h"
#include "sim/checker/history.h"
#include "sim/checker/truth.h"

namespace streamer::sim {

class Holding {
 public:
  enum class Place : std::uint8_t {
    kIn,
    kOut,
    kUntold,  // nothing in the log says it
    kUnsure,  // it depends on what the streamer may have forgotten
  };

  Holding(const History& history, const Truth& truth);

  [[nodiscard]] Place After(const Filter& filter, std::uint64_t offset) const;
  [[nodiscard]] Place Before(const Filter& filter, std::uint64_t offset) const;

  // What was before stands in the event itself, or it is an insert.
  [[nodiscard]] bool IsToldByEvent(std::uint64_t offset) const;
  [[nodiscard]] bool HasImage(std::uint64_t offset) const;
  // Whether any event has.
  [[nodiscard]] bool has_images() const { return has_images_; }

  // What is wrong with telling that of a document which was at `before` and is
  // at `after`; empty when nothing is.
  static std::string Judge(const std::string& membership, Place before,
                           Place after);

 private:
  [[nodiscard]] Place OfImage(const Filter& filter,
                              const LogEntry& entry) const;
  // Whether something of the source is missing between two events.
  [[nodiscard]] bool IsBroken(const LogEntry& first,
                              const LogEntry& last) const;

  const History& history_;
  const Truth& truth_;
  bool has_images_ = false;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_CHECKER_HOLDING_H_
