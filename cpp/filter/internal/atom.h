// AtomReader recognises the atoms of an expression that a Predicate can say:
// a test between one path of the event and a constant, in either order.
//
//   doc.price >= 10     10 <= doc["price"]     'a' in doc.tags
//   doc.name.startsWith('x')     has(doc.a.b)     doc.active     op == 'delete'
//
// Everything else (arithmetic, size(), two paths) is left to a residual, unless
// somebody asks for predicates of derived values (filter/derived_value.h):
//
//   size(doc.tags) > 2     (doc.a + doc.b) % 7 in [1, 2]
//
// `x != c` is read as `x == c` with the opposite answer, a list of one item
// as that item, and the items of a list in one order: spellings of one test
// become one predicate.
//
// Thread-safety: none; one per compilation.
#ifndef STREAMER_FILTER_INTERNAL_ATOM_H_
#define STREAMER_FILTER_INTERNAL_ATOM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "cel/expression.h"
#include "filter/predicate.h"

namespace streamer {

class AtomReader {
 public:
  // Constants of what is read stay in `arena`, the arena of the tree.
  explicit AtomReader(std::shared_ptr<const Arena> arena);

  // The predicate that holds exactly when `expression` gives `wanted`, or
  // nothing when no predicate says that.
  std::optional<Predicate> Read(const cel::Expr& expression, Answer wanted);

  // The same of a test of a derived value. A derived value by itself is no
  // test.
  std::optional<Predicate> ReadDerived(const cel::Expr& expression,
                                       Answer wanted);

  // What holds of every input that makes `expression` true, when that is a
  // pattern that no predicate says: a literal that the text must have.
  std::optional<Predicate> ReadRequiredLiteral(const cel::Expr& expression);

  // The predicate "value at the path of `like` is one of `items`", which live
  // in the tree or in an operand that was read here.
  Predicate MakeMembership(const Predicate& like, std::vector<Value> items);

 private:
  struct Constants;

  // What a test may look at.
  enum class Subjects : std::uint8_t { kPaths, kDerivedValues };

  std::optional<Predicate> ReadPathAtom(const cel::Expr& expression);
  [[nodiscard]] std::optional<Predicate> ReadSubject(
      const cel::Expr& expression) const;
  std::optional<Predicate> ReadCall(const cel::Expr& expression);
  std::optional<Predicate> ReadComparison(PredicateKind kind,
                                          const cel::Expr& left,
                                          const cel::Expr& right);
  std::optional<Predicate> ReadMembership(const cel::Expr& member,
                                          const cel::Expr& container);
  std::optional<Predicate> ReadTextTest(std::string_view name,
                                        const cel::Expr& subject,
                                        const cel::Expr& argument);
  std::optional<Value> ReadConstant(const cel::Expr& expression);
  std::optional<Value> ReadConstantList(const cel::Expr& expression);
  Value MakeList(std::span<const Value> items);
  OwnedValue Own(const Value& value) const;

  std::shared_ptr<Constants> constants_;
  Subjects subjects_ = Subjects::kPaths;
};

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_ATOM_H_
