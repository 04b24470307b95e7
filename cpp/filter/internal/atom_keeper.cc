#include "filter/internal/atom_keeper.h"

#include <algorithm>
#include <utility>

#include "filter/filter_input.h"

namespace streamer {
namespace {

// Whether events differ much in satisfying `predicate`. Most have the field
// that is asked for, and lack the value that is refused.
bool TellsEventsApart(const Predicate& predicate) {
  if (IsOrdering(predicate.kind)) return true;
  if (predicate.kind == PredicateKind::kIsBoolean) return true;
  return predicate.wanted == Answer::kTrue &&
         predicate.kind != PredicateKind::kPresent;
}

// Makes the operand live by itself.
Predicate Owned(Predicate predicate) {
  predicate.operand = OwnedValue(predicate.operand.value());
  predicate.IndexOperand();
  return predicate;
}

}  // namespace

AtomKeeper::AtomKeeper(const cel::Tree& tree, const NormalForm& form,
                       const cel::Limits& limits)
    : tree_(tree),
      form_(form),
      limits_(limits),
      reader_(tree.arena()),
      kept_(form.atoms.size()) {}

Result<Conjunction> AtomKeeper::MakeConjunction(const AtomSet& atoms) {
  const bool may_derive = MayDerive(atoms);
  Conjunction conjunction;
  std::vector<const Predicate*> predicates;
  for (AtomIndex index : atoms) {
    const Predicate* predicate = FindPredicate(index);
    if (predicate == nullptr && may_derive) predicate = FindDerived(index);
    if (predicate != nullptr) {
      predicates.push_back(predicate);
      continue;
    }
    STREAMER_ASSIGN_OR_RETURN(Residual residual, MakeResidual(index));
    conjunction.residuals.push_back(std::move(residual));
  }
  conjunction.residuals.shrink_to_fit();
  conjunction.predicates.reserve(predicates.size());
  for (const Predicate* predicate : predicates) {
    conjunction.predicates.push_back(*predicate);
  }
  return conjunction;
}

// Where a cover stands for the filter the whole program decides, and what it
// would be charged must not depend on derived values.
bool AtomKeeper::MayDerive(const AtomSet& atoms) const {
  return form_.is_exact &&
         std::none_of(atoms.begin(), atoms.end(), [&](AtomIndex index) {
           const std::optional<Predicate>& predicate =
               form_.atoms[index].predicate;
           return predicate.has_value() && TellsEventsApart(*predicate);
         });
}

const Predicate* AtomKeeper::FindPredicate(AtomIndex index) {
  const Atom& atom = form_.atoms[index];
  if (!atom.predicate.has_value()) return nullptr;
  Kept& kept = kept_[index];
  if (!kept.predicate.has_value()) kept.predicate = Owned(*atom.predicate);
  return &*kept.predicate;
}

const Predicate* AtomKeeper::FindDerived(AtomIndex index) {
  const Atom& atom = form_.atoms[index];
  Kept& kept = kept_[index];
  if (!kept.was_read) {
    kept.was_read = true;
    kept.predicate = reader_.ReadDerived(*atom.expression, atom.wanted);
    if (kept.predicate.has_value()) kept.predicate = Owned(*kept.predicate);
  }
  return kept.predicate.has_value() ? &*kept.predicate : nullptr;
}

Result<Residual> AtomKeeper::MakeResidual(AtomIndex index) {
  const Atom& atom = form_.atoms[index];
  std::shared_ptr<const cel::Program>& kept = kept_[index].program;
  if (kept == nullptr) {
    STREAMER_ASSIGN_OR_RETURN(
        cel::Program program,
        cel::Program::Compile(tree_, *atom.expression, FilterVariables(),
                              limits_));
    program.DropTree();
    kept = std::make_shared<const cel::Program>(std::move(program));
  }
  return Residual{kept, atom.wanted};
}

}  // namespace streamer
