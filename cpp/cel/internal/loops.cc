// The code of macros that run through a list or map, and of those that name a
// value.
#include <algorithm>
#include <optional>
#include <vector>

#include "cel/internal/code.h"
#include "cel/internal/errors.h"
#include "cel/internal/made_values.h"
#include "cel/internal/map_insert.h"
#include "cel/internal/tree_evaluator.h"

namespace streamer::cel::internal {
namespace {

// Runs through the range of a loop: one turn after another, each charged
// before it begins, with the variables of the macro in their slots.
class Turns {
 public:
  Turns(const CodeNode& node, const Frame& frame)
      : loop_(*node.loop), frame_(frame), range_(Run(node.children[0], frame)) {
    if (range_.is_error()) {
      failure_ = range_;
    } else if (range_.is(ValueKind::kList)) {
      size_ = range_.list().size();
    } else if (range_.is(ValueKind::kMap)) {
      size_ = range_.map().size();
    } else {
      failure_ = NotIterable(range_, frame.arena);
    }
  }

  // The range, if it is a list that is run through with one variable.
  [[nodiscard]] std::optional<std::span<const Value>> PlainItems() const {
    if (!range_.is(ValueKind::kList) || loop_.has_second) return std::nullopt;
    return range_.list().items();
  }

  // Whether there is another turn.
  bool Next() {
    if (failure_ || next_ >= size_) return false;
    if (!frame_.meter.Charge(loop_.turn_units)) {
      failure_ = OverBudget();
      return false;
    }
    SetVariables();
    ++next_;
    return true;
  }

  // Why there was none before the end.
  [[nodiscard]] const std::optional<Value>& failure() const { return failure_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  // The key of the entry, or the element, of this turn.
  [[nodiscard]] const Value& key() const { return frame_.bindings[loop_.slot]; }
  [[nodiscard]] const CodeNode& body() const { return *loop_.body; }

  // Whether the element of this turn counts. Ends the loop if that fails.
  bool IsWanted() {
    if (loop_.filter == nullptr) return true;
    Value wanted = Run(*loop_.filter, frame_);
    if (!wanted.is(ValueKind::kBool)) {
      failure_ =
          wanted.is_error() ? wanted : BoolExpected("?:", wanted, frame_.arena);
      return false;
    }
    return wanted.bool_value();
  }

  // What the body makes of this turn. Ends the loop if that fails.
  Value Make() {
    Value made = Run(*loop_.body, frame_);
    if (made.is_error()) failure_ = made;
    return made;
  }
  void Fail(const Value& failure) { failure_ = failure; }

 private:
  void SetVariables() {
    Value* slots = frame_.bindings;
    if (range_.is(ValueKind::kMap)) {
      const MapEntry& entry = range_.map().entries()[next_];
      slots[loop_.slot] = entry.key;
      if (loop_.has_second) slots[loop_.second_slot] = entry.value;
      return;
    }
    const Value& item = range_.list().items()[next_];
    if (loop_.has_second) {
      slots[loop_.slot] = Value::Int(static_cast<std::int64_t>(next_));
      slots[loop_.second_slot] = item;
    } else {
      slots[loop_.slot] = item;
    }
  }

  const LoopCode& loop_;
  const Frame& frame_;
  Value range_;
  std::size_t size_ = 0;
  std::size_t next_ = 0;
  std::optional<Value> failure_;
};

// What a chain of && or || is undecided about because of `value`, no bool.
template <bool kAbsorbing>
Value Undecided(const Value& value, const Frame& frame) {
  if (value.is_error()) return value;
  return BoolExpected(kAbsorbing ? "||" : "&&", value, frame.arena);
}

// The commonest loop, through a list with one variable, with nothing else.
template <bool kAbsorbing>
Value RunListQuantifier(const LoopCode& loop, const Frame& frame,
                        std::span<const Value> items) {
  Value undecided = Value::Bool(!kAbsorbing);
  for (const Value& item : items) {
    if (!frame.meter.Charge(loop.turn_units)) return OverBudget();
    frame.bindings[loop.slot] = item;
    Value value = Run(*loop.body, frame);
    if (value.is(ValueKind::kBool)) {
      if (value.bool_value() == kAbsorbing) return value;
    } else if (!undecided.is_error()) {
      undecided = Undecided<kAbsorbing>(value, frame);
    }
  }
  return undecided;
}

// all() with kAbsorbing false, exists() with true: as a chain of && or || of
// what the elements say.
template <bool kAbsorbing>
Value RunQuantifier(const CodeNode& node, const Frame& frame) {
  Turns turns(node, frame);
  if (auto items = turns.PlainItems()) {
    return RunListQuantifier<kAbsorbing>(*node.loop, frame, *items);
  }
  Value undecided = Value::Bool(!kAbsorbing);
  while (turns.Next()) {
    Value value = Run(turns.body(), frame);
    if (value.is(ValueKind::kBool)) {
      if (value.bool_value() == kAbsorbing) return value;
    } else if (!undecided.is_error()) {
      undecided = Undecided<kAbsorbing>(value, frame);
    }
  }
  return turns.failure() ? *turns.failure() : undecided;
}

Value RunExistsOne(const CodeNode& node, const Frame& frame) {
  Turns turns(node, frame);
  std::size_t count = 0;
  while (turns.Next()) {
    if (turns.IsWanted()) ++count;
  }
  return turns.failure() ? *turns.failure() : Value::Bool(count == 1);
}

Value RunElements(const CodeNode& node, const Frame& frame) {
  Turns turns(node, frame);
  std::size_t most = std::min(turns.size(), kLargestValue / sizeof(Value));
  if (!frame.meter.Charge(most / 2)) return OverBudget();
  std::span<Value> items = frame.arena.NewArray<Value>(most);
  std::size_t count = 0;
  while (turns.Next()) {
    if (!turns.IsWanted()) continue;
    Value made = turns.Make();
    if (made.is_error()) break;
    if (count == most) return TooLarge();
    items[count++] = made;
  }
  if (turns.failure()) return *turns.failure();
  return Value::List(frame.arena.New<ListValue>(items.first(count)));
}

// A repeated key fails at its turn, so before what failed at a later one.
Value FinishMap(const Turns& turns, std::vector<MapEntry>& entries,
                const Frame& frame) {
  Value map = MapOfEntries(entries, frame.arena);
  return turns.failure() && !map.is_error() ? *turns.failure() : map;
}

Value RunMapValues(const CodeNode& node, const Frame& frame) {
  Turns turns(node, frame);
  std::vector<MapEntry> entries;
  while (turns.Next()) {
    if (!turns.IsWanted()) continue;
    MapEntry entry = {turns.key(), turns.Make()};
    if (entry.value.is_error()) break;
    entries.push_back(entry);
  }
  return FinishMap(turns, entries, frame);
}

Value RunMapEntries(const CodeNode& node, const Frame& frame) {
  Turns turns(node, frame);
  std::vector<MapEntry> entries;
  while (turns.Next()) {
    if (!turns.IsWanted()) continue;
    Value made = turns.Make();
    if (made.is_error()) break;
    if (!made.is(ValueKind::kMap)) {
      const Value arguments[] = {Value::Map(MapValue::Make(frame.arena, {})),
                                 made};
      turns.Fail(NoSuchCall("insert", arguments, frame.arena));
      break;
    }
    if (!frame.meter.Charge(2 * made.map().size())) return OverBudget();
    entries.insert(entries.end(), made.map().entries().begin(),
                   made.map().entries().end());
  }
  return FinishMap(turns, entries, frame);
}

Value RunBind(const CodeNode& node, const Frame& frame) {
  frame.bindings[node.slot] = Run(node.children[0], frame);
  return Run(node.children[1], frame);
}

Value RunBlock(const CodeNode& node, const Frame& frame) {
  std::size_t last = node.children.size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    frame.bindings[node.slot + i] = Run(node.children[i], frame);
  }
  return Run(node.children[last], frame);
}

}  // namespace

Runner LoopRunnerOf(Opcode opcode) {
  switch (opcode) {
    case Opcode::kAll:
      return RunQuantifier<false>;
    case Opcode::kExists:
      return RunQuantifier<true>;
    case Opcode::kExistsOne:
      return RunExistsOne;
    case Opcode::kElements:
      return RunElements;
    case Opcode::kMapValues:
      return RunMapValues;
    case Opcode::kMapEntries:
      return RunMapEntries;
    case Opcode::kBind:
      return RunBind;
    default:
      return RunBlock;
  }
}

}  // namespace streamer::cel::internal
