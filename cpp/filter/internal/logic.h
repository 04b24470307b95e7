// LogicGraph: what an expression asks of its atoms, with negation gone: a
// graph of and/or over atoms. It is the first half of the normal form.
//
// A node stands for one question (is this expression true, or is it false),
// and is built once however often it is asked, so that nested conditionals
// cost linear space.
//
// Invariant: children come before parents; no `and` is a child of an `and`
// built from one chain, no `or` of an `or`.
// Thread-safety: none; one per compilation.
#ifndef STREAMER_FILTER_INTERNAL_LOGIC_H_
#define STREAMER_FILTER_INTERNAL_LOGIC_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/hash.h"
#include "cel/expression.h"
#include "filter/internal/atom.h"
#include "filter/internal/normal_form.h"

namespace streamer {

enum class LogicKind : std::uint8_t { kAtom, kAnd, kOr };

using LogicIndex = std::uint32_t;

struct LogicNode {
  LogicKind kind = LogicKind::kAtom;
  AtomIndex atom = 0;                // of kAtom
  std::vector<LogicIndex> children;  // ascending, each once
};

// How `expression` combines its operands when asked for `wanted`: nothing for
// an atom. `!` is looked through first: see Unnegate.
enum class Junction : std::uint8_t { kNone, kAnd, kOr, kChoice };
Junction JunctionOf(const cel::Expr& expression, Answer wanted);
// Removes leading `!`, exchanging `wanted` for each.
const cel::Expr& Unnegate(const cel::Expr& expression, Answer& wanted);

class LogicGraph {
 public:
  explicit LogicGraph(std::shared_ptr<const Arena> arena);

  // The node that asks whether `expression` gives `wanted`.
  LogicIndex Build(const cel::Expr& expression, Answer wanted);

  // An atom for "one of `items` is at the path of `like`".
  AtomIndex AddMembership(const Predicate& like, std::vector<Value> items);

  // Replaces the equalities and memberships among `atoms` that look at one
  // path by one membership. Any of the result holds exactly if any of `atoms`
  // does.
  AtomSet MergeEqualities(const AtomSet& atoms);

  [[nodiscard]] const std::vector<LogicNode>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<Atom>& atoms() const { return atoms_; }
  [[nodiscard]] std::vector<Atom> TakeAtoms() && { return std::move(atoms_); }

 private:
  LogicIndex BuildNew(const cel::Expr& expression, Answer wanted);
  LogicIndex BuildChoice(const cel::Expr& choice, Answer wanted);
  LogicIndex BuildAtom(const cel::Expr& expression, Answer wanted);
  void CollectChain(const cel::Expr& expression, Answer wanted,
                    Junction junction, std::vector<LogicIndex>& children);
  LogicIndex MakeAnd(std::vector<LogicIndex> children);
  LogicIndex MakeOr(std::vector<LogicIndex> children);
  LogicIndex MakeJunction(LogicKind kind, std::vector<LogicIndex> children);
  LogicIndex NodeOf(AtomIndex atom);
  AtomIndex AddAtom(Atom atom);

  AtomReader reader_;
  std::vector<Atom> atoms_;
  std::vector<LogicNode> nodes_;
  std::vector<LogicIndex> node_of_atom_;
  TextMap<AtomIndex> atom_of_identity_;
  absl::flat_hash_map<std::pair<const cel::Expr*, Answer>, LogicIndex> built_;
  LogicIndex never_;   // an `or` of nothing
  LogicIndex always_;  // an `and` of nothing
};

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_LOGIC_H_
