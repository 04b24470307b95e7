// OwnedValue: a Value together with the memory it points into.
//
// For values that outlive their source: the constant of a condition, an
// argument from Python. Copies share the memory, which never changes.
//
// Cost: a number, a time or a boolean takes no memory of its own; everything
// else one piece that fits it.
#ifndef STREAMER_VALUE_OWNED_VALUE_H_
#define STREAMER_VALUE_OWNED_VALUE_H_

#include <memory>

#include "base/arena.h"
#include "value/value.h"

namespace streamer {

// A deep copy of `value` whose every part lives in `arena`.
Value CopyValue(Arena& arena, const Value& value);

class OwnedValue {
 public:
  // Null.
  OwnedValue() = default;
  // A deep copy of `value`.
  explicit OwnedValue(const Value& value);
  // Takes the arena that `value` lives in.
  OwnedValue(std::shared_ptr<const Arena> arena, const Value& value)
      : memory_(std::move(arena)), value_(value) {}

  [[nodiscard]] const Value& value() const { return value_; }

 private:
  std::shared_ptr<const void> memory_;
  Value value_;
};

}  // namespace streamer

#endif  // STREAMER_VALUE_OWNED_VALUE_H_
