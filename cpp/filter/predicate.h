// Predicate: one atomic test of one path of the event, with the answer that
// is wanted of it.
//
// The normal form asks two questions of every atom, *is it true* (T) and *is
// it false* (F). An error or a value that is no boolean answers no to both, so
// F is not the negated test: F(x < 5) wants x comparable with 5 and not less.
//
//   doc.price >= 10        {doc, price, kGreaterEqual, 10, kTrue}
//   !(doc.tag in ['a'])    {doc, tag,   kIn, ['a'],        kFalse}
//   size(doc.tags) > 2     {derived, `size(doc.tags)`, kGreater, 2, kTrue}
//
// Invariant: Holds agrees with the CEL program of the atom on every input.
// Cost: of Holds, the walk to the value and one comparison; membership in a
// constant list is a lookup once IndexOperand was called. Of a derived value
// Holds compiles the expression each time; an index keeps it compiled.
// Thread-safety: a value type; const use is safe.
#ifndef STREAMER_FILTER_PREDICATE_H_
#define STREAMER_FILTER_PREDICATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "filter/filter_input.h"
#include "value/field_path.h"
#include "value/owned_value.h"

namespace streamer {

class ConstantSet;
class LiteralPattern;

enum class PredicateKind : std::uint8_t {
  kEqual,  // value at path == operand
  kLess,   // value at path <  operand, and so on
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,          // value at path in operand (a constant list)
  kContains,    // operand in value at path (a list or a map)
  kStartsWith,  // string tests
  kEndsWith,
  kHasSubstring,
  kMatches,    // matches(), of a pattern of literals (literal_pattern.h)
  kPresent,    // has(path)
  kIsBoolean,  // the value itself is the boolean: `doc.active`
};

// Whether `kind` is one of the four that order the value and the operand.
[[nodiscard]] constexpr bool IsOrdering(PredicateKind kind) {
  return kind >= PredicateKind::kLess && kind <= PredicateKind::kGreaterEqual;
}

enum class Answer : std::uint8_t { kTrue, kFalse };

[[nodiscard]] constexpr Answer Opposite(Answer answer) {
  return answer == Answer::kTrue ? Answer::kFalse : Answer::kTrue;
}

struct Predicate {
  FilterVariable variable = FilterVariable::kDoc;
  PredicateKind kind = PredicateKind::kEqual;
  Answer wanted = Answer::kTrue;
  FieldPath path;
  OwnedValue operand;  // null for kPresent and kIsBoolean
  // The operand of kIn as a hash table; may be null. Set by IndexOperand.
  std::shared_ptr<const ConstantSet> members;
  // The operand of kMatches, read.
  std::shared_ptr<const LiteralPattern> pattern;

  // Prepares a long kIn list for lookup. Call when the operand is final.
  void IndexOperand();

  // Whether the atom gives the wanted answer on `input`.
  [[nodiscard]] bool Holds(const FilterInput& input) const;
  // The same when the value at path is known already; null pointer: absent.
  // REQUIRES: not kPresent, whose parent decides.
  [[nodiscard]] bool HoldsFor(const Value* value) const;

  // The boolean that the atom yields for a value at its path, or nothing when
  // it fails. REQUIRES: not kPresent.
  [[nodiscard]] std::optional<bool> TruthOf(const Value& value) const;

  // Equal exactly for equal predicates.
  void AppendIdentity(std::string& key) const;

 private:
  [[nodiscard]] bool HoldsForDerived(const FilterInput& input) const;
};

}  // namespace streamer

#endif  // STREAMER_FILTER_PREDICATE_H_
