// AtomKeeper: turns conjunctions of atoms into what a Filter keeps: predicates
// and programs that own what they need, without the tree.
//
// An atom that no predicate says becomes a predicate of a derived value where
// the conjunction has nothing else by which the index could tell events apart,
// so that its expression would run for every one of them anyway. Beside a test
// that lets few events through it stays a residual, which runs for those few.
//
// What several conjunctions ask is made once.
// Thread-safety: none; one per compilation.
#ifndef STREAMER_FILTER_INTERNAL_ATOM_KEEPER_H_
#define STREAMER_FILTER_INTERNAL_ATOM_KEEPER_H_

#include <memory>
#include <optional>
#include <vector>

#include "base/status.h"
#include "cel/expression.h"
#include "cel/limits.h"
#include "filter/filter.h"
#include "filter/internal/atom.h"
#include "filter/internal/normal_form.h"

namespace streamer {

class AtomKeeper {
 public:
  // All must outlive it.
  AtomKeeper(const cel::Tree& tree, const NormalForm& form,
             const cel::Limits& limits);

  // The conjunction of `atoms`; InvalidArgument for a program that is refused.
  Result<Conjunction> MakeConjunction(const AtomSet& atoms);

 private:
  struct Kept {
    bool was_read = false;
    std::optional<Predicate> predicate;
    std::shared_ptr<const cel::Program> program;
  };

  [[nodiscard]] bool MayDerive(const AtomSet& atoms) const;
  const Predicate* FindPredicate(AtomIndex index);
  const Predicate* FindDerived(AtomIndex index);
  Result<Residual> MakeResidual(AtomIndex index);

  const cel::Tree& tree_;
  const NormalForm& form_;
  const cel::Limits& limits_;
  AtomReader reader_;
  std::vector<Kept> kept_;  // by atom
};

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_ATOM_KEEPER_H_
