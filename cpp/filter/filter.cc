#include "filter/filter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cel/checker.h"
#include "cel/cost.h"
#include "cel/printer.h"
#include "cel/tree_builder.h"
#include "filter/internal/atom_keeper.h"
#include "filter/internal/condition_tree.h"
#include "filter/internal/normal_form.h"
#include "filter/internal/printed.h"

namespace streamer {
namespace {

// The tree of an expression that can work and may: its types fit, and it is
// within every limit. Reports show places in the text given, which a tree that
// is joined with conditions no longer has.
Result<cel::Tree> ReadExpression(const std::string& text,
                                 const cel::Limits& limits) {
  STREAMER_ASSIGN_OR_RETURN(cel::Tree tree, cel::Parse(text, limits));
  STREAMER_RETURN_IF_ERROR(
      cel::ReportOf(tree, cel::Check(tree, FilterVariables())));
  STREAMER_RETURN_IF_ERROR(cel::CheckCost(tree, FilterVariables(), limits));
  return tree;
}

// The tree of conditions and expression together.
Result<cel::Tree> BuildTree(const FilterSource& source,
                            const FilterLimits& limits) {
  cel::TreeBuilder builder;
  STREAMER_ASSIGN_OR_RETURN(
      std::vector<const cel::Expr*> operands,
      BuildConditions(source.conditions, limits, builder));
  if (!source.expression.empty()) {
    STREAMER_ASSIGN_OR_RETURN(
        cel::Tree parsed, ReadExpression(source.expression, limits.expression));
    if (operands.empty()) return parsed;
    // Patterns are refused where they are compiled.
    STREAMER_RETURN_IF_ERROR(cel::Program::Compile(parsed, parsed.root(),
                                                   FilterVariables(),
                                                   limits.expression)
                                 .status());
    operands.push_back(builder.Copy(parsed.root()));
  }
  const cel::Expr* root = operands.empty()
                              ? builder.Literal(Value::Bool(true))
                              : builder.Chain(cel::operators::kAnd, operands);
  return std::move(builder).Finish(root, "");
}

// The id, when `predicate` is an equality on the document's id.
std::optional<std::string> DocumentIdOf(const Predicate& predicate) {
  if (predicate.kind != PredicateKind::kEqual ||
      predicate.wanted != Answer::kTrue ||
      !predicate.operand.value().is(ValueKind::kString)) {
    return std::nullopt;
  }
  const std::vector<std::string>& segments = predicate.path.segments();
  const bool is_id =
      (predicate.variable == FilterVariable::kId && segments.empty()) ||
      (predicate.variable == FilterVariable::kDoc && segments.size() == 1 &&
       segments.front() == "id");
  if (!is_id) return std::nullopt;
  return std::string(predicate.operand.value().text());
}

// Whether compiling could refuse what is asked: patterns are refused where
// they are compiled, also where nothing comes to depend on them.
bool MayBeRefused(const NormalForm& form) {
  return std::any_of(form.atoms.begin(), form.atoms.end(),
                     [](const Atom& atom) {
                       return !atom.predicate.has_value() ||
                              atom.predicate->kind == PredicateKind::kMatches;
                     });
}

}  // namespace

bool Residual::Holds(const FilterInput& input, Arena& arena) const {
  Value value = program->Evaluate(input.values, arena);
  return wanted == Answer::kTrue ? value.is_true() : value.is_false();
}

Filter::~Filter() { delete whole_.load(std::memory_order_relaxed); }

Result<std::shared_ptr<const Filter>> Filter::Compile(
    const FilterSource& source, const FilterLimits& limits) {
  STREAMER_ASSIGN_OR_RETURN(const cel::Tree tree, BuildTree(source, limits));
  STREAMER_ASSIGN_OR_RETURN(std::shared_ptr<const Filter> filter,
                            Make(tree, limits));
  if (const std::size_t size = filter->text().size();
      size > limits.printed_bytes) {
    return InvalidArgument(
        absl::StrCat("filter: expected at most ", limits.printed_bytes,
                     " bytes of text, conditions included, got ", size));
  }
  return filter;
}

Result<std::shared_ptr<const Filter>> Filter::ReadBack(
    const std::string& text) {
  STREAMER_ASSIGN_OR_RETURN(const cel::Tree tree,
                            cel::Parse(text, ForPrinted({})));
  return Make(tree, {});
}

Result<std::shared_ptr<const Filter>> Filter::Make(const cel::Tree& tree,
                                                   const FilterLimits& limits) {
  std::shared_ptr<Filter> filter(new Filter);
  STREAMER_RETURN_IF_ERROR(filter->SetNormalForm(tree, limits));
  filter->estimated_cost_ =
      cel::EstimateCost(tree.root(), FilterVariables(), limits.expression);
  filter->text_ = cel::Print(tree.root());
  filter->text_.shrink_to_fit();
  if (limits.expression != cel::Limits()) {
    filter->limits_ = std::make_unique<const cel::Limits>(limits.expression);
  }
  return std::shared_ptr<const Filter>(std::move(filter));
}

Status Filter::SetNormalForm(const cel::Tree& tree,
                             const FilterLimits& limits) {
  NormalForm form = Normalize(tree, limits.conjunctions);
  canonical_key_ = std::move(form.canonical_key);
  canonical_key_.shrink_to_fit();
  is_exact_ = form.is_exact;
  is_match_all_ = form.is_exact && form.conjunctions.size() == 1 &&
                  form.conjunctions.front().empty();
  if (!is_exact_ || MayBeRefused(form)) {
    STREAMER_ASSIGN_OR_RETURN(
        cel::Program program,
        cel::Program::Compile(tree, tree.root(), FilterVariables(),
                              limits.expression));
    program.DropTree();
    if (!is_exact_) program_ = std::move(program);
  }
  if (is_match_all_) return OkStatus();
  AtomKeeper keeper(tree, form, limits.expression);
  conjunctions_.reserve(form.conjunctions.size());
  for (const AtomSet& atoms : form.conjunctions) {
    STREAMER_ASSIGN_OR_RETURN(Conjunction conjunction,
                              keeper.MakeConjunction(atoms));
    conjunctions_.push_back(std::move(conjunction));
  }
  if (is_exact_ && conjunctions_.size() == 1 &&
      conjunctions_.front().residuals.empty() &&
      conjunctions_.front().predicates.size() == 1) {
    document_id_ = DocumentIdOf(conjunctions_.front().predicates.front());
  }
  return OkStatus();
}

// Several threads may come here at once; all but one drop what they made.
const Filter::Whole& Filter::MakeWhole() const {
  const cel::Limits limits =
      ForPrinted(limits_ == nullptr ? cel::Limits() : *limits_);
  cel::Tree tree = cel::Parse(text_, limits).value();
  cel::Program program =
      cel::Program::Compile(tree, tree.root(), FilterVariables(), limits)
          .value();
  auto made =
      std::make_unique<const Whole>(std::move(tree), std::move(program));
  const Whole* first = nullptr;
  if (whole_.compare_exchange_strong(first, made.get(),
                                     std::memory_order_acq_rel)) {
    return *made.release();
  }
  return *first;
}

}  // namespace streamer
