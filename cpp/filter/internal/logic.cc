#include "filter/internal/logic.h"

#include <algorithm>
#include <map>
#include <optional>

#include "cel/printer.h"

namespace streamer {
namespace {

namespace operators = cel::operators;

bool IsOperator(const cel::Expr& expression, std::string_view name) {
  return expression.kind == cel::ExprKind::kCall && expression.name == name &&
         expression.operand == nullptr;
}

void SortUnique(std::vector<std::uint32_t>& indices) {
  std::sort(indices.begin(), indices.end());
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
}

// Whether `predicate` says that a value is one of some constants.
bool IsEqualityTest(const Predicate& predicate) {
  return predicate.wanted == Answer::kTrue &&
         (predicate.kind == PredicateKind::kEqual ||
          predicate.kind == PredicateKind::kIn);
}

void AppendOperands(const Predicate& predicate, std::vector<Value>& items) {
  if (predicate.kind == PredicateKind::kEqual) {
    items.push_back(predicate.operand.value());
    return;
  }
  std::span<const Value> list = predicate.operand.value().list().items();
  items.insert(items.end(), list.begin(), list.end());
}

}  // namespace

Junction JunctionOf(const cel::Expr& expression, Answer wanted) {
  const bool is_true = wanted == Answer::kTrue;
  if (IsOperator(expression, operators::kAnd)) {
    return is_true ? Junction::kAnd : Junction::kOr;
  }
  if (IsOperator(expression, operators::kOr)) {
    return is_true ? Junction::kOr : Junction::kAnd;
  }
  if (IsOperator(expression, operators::kConditional)) {
    return Junction::kChoice;
  }
  return Junction::kNone;
}

const cel::Expr& Unnegate(const cel::Expr& expression, Answer& wanted) {
  const cel::Expr* current = &expression;
  while (IsOperator(*current, operators::kNot)) {
    current = current->arguments[0];
    wanted = Opposite(wanted);
  }
  return *current;
}

LogicGraph::LogicGraph(std::shared_ptr<const Arena> arena)
    : reader_(std::move(arena)), never_(0), always_(1) {
  nodes_.push_back({LogicKind::kOr, 0, {}});
  nodes_.push_back({LogicKind::kAnd, 0, {}});
}

LogicIndex LogicGraph::Build(const cel::Expr& expression, Answer wanted) {
  const cel::Expr& inner = Unnegate(expression, wanted);
  auto found = built_.find({&inner, wanted});
  if (found != built_.end()) return found->second;
  LogicIndex node = BuildNew(inner, wanted);
  built_.emplace(std::make_pair(&inner, wanted), node);
  return node;
}

LogicIndex LogicGraph::BuildNew(const cel::Expr& expression, Answer wanted) {
  Junction junction = JunctionOf(expression, wanted);
  if (junction == Junction::kNone) return BuildAtom(expression, wanted);
  if (junction == Junction::kChoice) return BuildChoice(expression, wanted);
  std::vector<LogicIndex> children;
  CollectChain(expression, wanted, junction, children);
  return junction == Junction::kAnd ? MakeAnd(std::move(children))
                                    : MakeOr(std::move(children));
}

// The operands of a chain of one operator, so that its length costs no depth
// and all its equalities meet in one node.
void LogicGraph::CollectChain(const cel::Expr& expression, Answer wanted,
                              Junction junction,
                              std::vector<LogicIndex>& children) {
  const cel::Expr& inner = Unnegate(expression, wanted);
  if (JunctionOf(inner, wanted) != junction) {
    children.push_back(Build(inner, wanted));
    return;
  }
  for (const cel::Expr* operand : inner.arguments) {
    CollectChain(*operand, wanted, junction, children);
  }
}

LogicIndex LogicGraph::BuildChoice(const cel::Expr& choice, Answer wanted) {
  const cel::Expr& condition = *choice.arguments[0];
  LogicIndex first = MakeAnd(
      {Build(condition, Answer::kTrue), Build(*choice.arguments[1], wanted)});
  LogicIndex second = MakeAnd(
      {Build(condition, Answer::kFalse), Build(*choice.arguments[2], wanted)});
  return MakeOr({first, second});
}

LogicIndex LogicGraph::BuildAtom(const cel::Expr& expression, Answer wanted) {
  if (expression.kind == cel::ExprKind::kLiteral) {
    const bool is_wanted = wanted == Answer::kTrue
                               ? expression.literal.is_true()
                               : expression.literal.is_false();
    return is_wanted ? always_ : never_;
  }
  std::optional<Predicate> predicate = reader_.Read(expression, wanted);
  const bool is_residual = !predicate.has_value();
  const LogicIndex atom =
      NodeOf(AddAtom({std::move(predicate), &expression, wanted, {}}));
  if (!is_residual || wanted == Answer::kFalse) return atom;
  // What a pattern requires changes nothing but how it is found.
  std::optional<Predicate> literal = reader_.ReadRequiredLiteral(expression);
  if (!literal.has_value()) return atom;
  return MakeAnd(
      {atom,
       NodeOf(AddAtom({std::move(literal), &expression, Answer::kTrue, {}}))});
}

LogicIndex LogicGraph::MakeAnd(std::vector<LogicIndex> children) {
  if (std::find(children.begin(), children.end(), never_) != children.end()) {
    return never_;
  }
  std::erase(children, always_);
  return MakeJunction(LogicKind::kAnd, std::move(children));
}

LogicIndex LogicGraph::MakeOr(std::vector<LogicIndex> children) {
  if (std::find(children.begin(), children.end(), always_) != children.end()) {
    return always_;
  }
  std::erase(children, never_);
  AtomSet atoms;
  std::vector<LogicIndex> merged;
  for (LogicIndex child : children) {
    if (nodes_[child].kind == LogicKind::kAtom) {
      atoms.push_back(nodes_[child].atom);
    } else {
      merged.push_back(child);
    }
  }
  for (AtomIndex atom : MergeEqualities(atoms)) merged.push_back(NodeOf(atom));
  return MakeJunction(LogicKind::kOr, std::move(merged));
}

LogicIndex LogicGraph::MakeJunction(LogicKind kind,
                                    std::vector<LogicIndex> children) {
  SortUnique(children);
  if (children.empty()) return kind == LogicKind::kAnd ? always_ : never_;
  if (children.size() == 1) return children.front();
  nodes_.push_back({kind, 0, std::move(children)});
  return static_cast<LogicIndex>(nodes_.size() - 1);
}

AtomSet LogicGraph::MergeEqualities(const AtomSet& atoms) {
  std::map<std::pair<FilterVariable, FieldPath>, AtomSet> equalities;
  AtomSet result;
  for (AtomIndex atom : atoms) {
    const std::optional<Predicate>& predicate = atoms_[atom].predicate;
    if (predicate.has_value() && IsEqualityTest(*predicate)) {
      equalities[{predicate->variable, predicate->path}].push_back(atom);
    } else {
      result.push_back(atom);
    }
  }
  for (const auto& [path, group] : equalities) {
    std::vector<Value> items;
    for (AtomIndex atom : group) {
      AppendOperands(*atoms_[atom].predicate, items);
    }
    result.push_back(group.size() == 1
                         ? group.front()
                         : AddMembership(*atoms_[group.front()].predicate,
                                         std::move(items)));
  }
  SortUnique(result);
  return result;
}

AtomIndex LogicGraph::AddMembership(const Predicate& like,
                                    std::vector<Value> items) {
  return AddAtom({reader_.MakeMembership(like, std::move(items)),
                  nullptr,
                  Answer::kTrue,
                  {}});
}

AtomIndex LogicGraph::AddAtom(Atom atom) {
  if (atom.predicate.has_value()) {
    atom.predicate->AppendIdentity(atom.identity);
  } else {
    atom.identity = atom.wanted == Answer::kTrue ? "+" : "-";
    cel::AppendIdentity(*atom.expression, atom.identity);
  }
  auto [found, is_new] = atom_of_identity_.try_emplace(
      atom.identity, static_cast<AtomIndex>(atoms_.size()));
  if (is_new) atoms_.push_back(std::move(atom));
  return found->second;
}

LogicIndex LogicGraph::NodeOf(AtomIndex atom) {
  constexpr LogicIndex kNone = 0;  // never_ is no atom
  node_of_atom_.resize(atoms_.size(), kNone);
  if (node_of_atom_[atom] == kNone) {
    nodes_.push_back({LogicKind::kAtom, atom, {}});
    node_of_atom_[atom] = static_cast<LogicIndex>(nodes_.size() - 1);
  }
  return node_of_atom_[atom];
}

}  // namespace streamer
