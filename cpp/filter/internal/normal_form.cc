#include "filter/internal/normal_form.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "filter/internal/canonical_key.h"
#include "filter/internal/logic.h"
#include "filter/internal/selectivity.h"

namespace streamer {
namespace {

using Disjunction = std::vector<AtomSet>;

constexpr double kNarrowsNothing = std::numeric_limits<double>::infinity();

// What an atom lets through; a residual cannot be looked up at all.
double HitsOf(const Atom& atom) {
  return atom.predicate.has_value() ? ExpectedHits(*atom.predicate)
                                    : kNarrowsNothing;
}

AtomSet Union(const AtomSet& a, const AtomSet& b) {
  AtomSet result;
  result.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(),
                 std::back_inserter(result));
  return result;
}

// Drops what a smaller conjunction says already: a or (a and b) is a.
Disjunction Absorb(Disjunction conjunctions) {
  std::sort(conjunctions.begin(), conjunctions.end(),
            [](const AtomSet& a, const AtomSet& b) {
              return a.size() != b.size() ? a.size() < b.size() : a < b;
            });
  Disjunction kept;
  for (AtomSet& candidate : conjunctions) {
    bool is_implied =
        std::any_of(kept.begin(), kept.end(), [&](const AtomSet& other) {
          return std::includes(candidate.begin(), candidate.end(),
                               other.begin(), other.end());
        });
    if (!is_implied) kept.push_back(std::move(candidate));
  }
  return kept;
}

class Expander {
 public:
  Expander(LogicGraph& graph, std::size_t limit)
      : graph_(graph),
        limit_(std::max<std::size_t>(limit, 1)),
        expansions_(graph.nodes().size()),
        covers_(graph.nodes().size()) {}

  // The exact form of a node, or nothing when it is over the limit.
  const std::optional<Disjunction>& Expand(LogicIndex node);

  // A cover of a node: of as many conjunctions as it takes.
  const Disjunction& Cover(LogicIndex node);

  // `cover` with few conjunctions: of each the best atom, equalities of one
  // path put together.
  Disjunction Condense(const Disjunction& cover);

 private:
  struct Memo {
    bool is_known = false;
    std::optional<Disjunction> value;
  };

  std::optional<Disjunction> ExpandAnd(const LogicNode& node);
  std::optional<Disjunction> ExpandOr(const LogicNode& node);
  std::optional<Disjunction> Product(const Disjunction& a,
                                     const Disjunction& b) const;
  Disjunction CoverAnd(const LogicNode& node);
  Disjunction CoverOr(const LogicNode& node);
  Disjunction ProductOfExpandable(const LogicNode& node);
  AtomIndex BestAtom(const AtomSet& conjunction) const;
  double Hits(const AtomSet& conjunction) const;
  double Hits(const Disjunction& cover) const;

  LogicGraph& graph_;
  std::size_t limit_;
  std::vector<Memo> expansions_;
  std::vector<Memo> covers_;
};

const std::optional<Disjunction>& Expander::Expand(LogicIndex index) {
  Memo& memo = expansions_[index];
  if (memo.is_known) return memo.value;
  const LogicNode& node = graph_.nodes()[index];
  if (node.kind == LogicKind::kAtom) {
    memo.value = Disjunction{{node.atom}};
  } else {
    memo.value =
        node.kind == LogicKind::kAnd ? ExpandAnd(node) : ExpandOr(node);
  }
  memo.is_known = true;
  return memo.value;
}

std::optional<Disjunction> Expander::ExpandOr(const LogicNode& node) {
  Disjunction result;
  for (LogicIndex child : node.children) {
    const std::optional<Disjunction>& expansion = Expand(child);
    if (!expansion.has_value()) return std::nullopt;
    result.insert(result.end(), expansion->begin(), expansion->end());
    if (result.size() > 2 * limit_) return std::nullopt;
  }
  result = Absorb(std::move(result));
  if (result.size() > limit_) return std::nullopt;
  return result;
}

std::optional<Disjunction> Expander::ExpandAnd(const LogicNode& node) {
  std::optional<Disjunction> result = Disjunction{{}};
  for (LogicIndex child : node.children) {
    const std::optional<Disjunction>& expansion = Expand(child);
    if (!expansion.has_value()) return std::nullopt;
    result = Product(*result, *expansion);
    if (!result.has_value()) return std::nullopt;
  }
  return result;
}

std::optional<Disjunction> Expander::Product(const Disjunction& a,
                                             const Disjunction& b) const {
  if (a.size() * b.size() > 2 * limit_) return std::nullopt;
  Disjunction result;
  for (const AtomSet& left : a) {
    for (const AtomSet& right : b) result.push_back(Union(left, right));
  }
  result = Absorb(std::move(result));
  if (result.size() > limit_) return std::nullopt;
  return result;
}

const Disjunction& Expander::Cover(LogicIndex index) {
  if (const std::optional<Disjunction>& exact = Expand(index)) return *exact;
  Memo& memo = covers_[index];
  if (!memo.is_known) {
    const LogicNode& node = graph_.nodes()[index];
    memo.value = node.kind == LogicKind::kAnd ? CoverAnd(node) : CoverOr(node);
    memo.is_known = true;
  }
  return *memo.value;
}

Disjunction Expander::CoverOr(const LogicNode& node) {
  Disjunction result;
  for (LogicIndex child : node.children) {
    const Disjunction& cover = Cover(child);
    if (Hits(cover) == kNarrowsNothing) return {{}};
    result.insert(result.end(), cover.begin(), cover.end());
  }
  return result.size() > limit_ ? Condense(result) : result;
}

Disjunction Expander::CoverAnd(const LogicNode& node) {
  Disjunction best = ProductOfExpandable(node);
  for (LogicIndex child : node.children) {
    if (Expand(child).has_value()) continue;
    const Disjunction& cover = Cover(child);
    if (Hits(cover) < Hits(best)) best = cover;
  }
  return best;
}

// The operands that expand, as many together as the limit allows: simple
// conditions beside a large OR narrow it.
Disjunction Expander::ProductOfExpandable(const LogicNode& node) {
  Disjunction result{{}};
  for (LogicIndex child : node.children) {
    const std::optional<Disjunction>& expansion = Expand(child);
    if (!expansion.has_value()) continue;
    if (auto product = Product(result, *expansion)) result = *product;
  }
  return result;
}

Disjunction Expander::Condense(const Disjunction& cover) {
  AtomSet best;
  for (const AtomSet& conjunction : cover) {
    best.push_back(BestAtom(conjunction));
  }
  std::sort(best.begin(), best.end());
  best.erase(std::unique(best.begin(), best.end()), best.end());
  Disjunction result;
  for (AtomIndex atom : graph_.MergeEqualities(best)) result.push_back({atom});
  return result;
}

AtomIndex Expander::BestAtom(const AtomSet& conjunction) const {
  return *std::min_element(
      conjunction.begin(), conjunction.end(), [this](AtomIndex a, AtomIndex b) {
        return HitsOf(graph_.atoms()[a]) < HitsOf(graph_.atoms()[b]);
      });
}

double Expander::Hits(const AtomSet& conjunction) const {
  if (conjunction.empty()) return kNarrowsNothing;
  return HitsOf(graph_.atoms()[BestAtom(conjunction)]);
}

double Expander::Hits(const Disjunction& cover) const {
  double sum = 0;
  for (const AtomSet& conjunction : cover) sum += Hits(conjunction);
  return sum;
}

// What is left of a cover when the whole program decides anyway: residuals
// narrow nothing there.
void DropResiduals(const std::vector<Atom>& atoms, Disjunction& cover) {
  for (AtomSet& conjunction : cover) {
    std::erase_if(conjunction, [&](AtomIndex atom) {
      return !atoms[atom].predicate.has_value();
    });
    if (conjunction.empty()) {
      cover = {{}};
      return;
    }
  }
}

}  // namespace

NormalForm Normalize(const cel::Tree& tree, std::size_t limit) {
  LogicGraph graph(tree.arena());
  LogicIndex root = graph.Build(tree.root(), Answer::kTrue);
  Expander expander(graph, limit);
  NormalForm form;
  form.canonical_key = CanonicalKey(graph, root);
  form.is_exact = expander.Expand(root).has_value();
  form.conjunctions = expander.Cover(root);
  form.atoms = std::move(graph).TakeAtoms();
  if (!form.is_exact) DropResiduals(form.atoms, form.conjunctions);
  return form;
}

}  // namespace streamer
