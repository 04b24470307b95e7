// Filter: what a subscription asks of every event, compiled.
//
// Source is structured conditions, ANDed, and at most one CEL expression,
// ANDed too. Compile parses and checks it, and brings it into normal form: a
// disjunction of conjunctions of predicates, plus what no predicate can say
// (residuals). The index keeps the conjunctions; Evaluate is the truth.
//
//   auto filter = Filter::Compile({.conditions = {...}, .expression = "..."});
//   bool matches = (*filter)->Evaluate(input, scratch).is_true();
//
// Invariant: an input makes Evaluate true exactly if it satisfies every
// predicate and every residual of at least one conjunction. When the normal
// form would be too large, conjunctions() is a *cover* instead: an input that
// satisfies none does not match, and is_exact() is false.
//
// Filters are kept by the million, so one holds what matching needs: text, key
// and conjunctions, and a program only where the conjunctions do not decide.
// The rest is made anew from the text when somebody first asks for it.
//
// Cost: Compile is linear in the source but for the expansion, which stops at
// FilterLimits::conjunctions. The first call of whole() parses and compiles.
// Thread-safety: immutable; what is made later is made once, whoever asks.
// Evaluate needs its own arena.
#ifndef STREAMER_FILTER_FILTER_H_
#define STREAMER_FILTER_FILTER_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "cel/expression.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "filter/condition.h"
#include "filter/filter_input.h"
#include "filter/predicate.h"

namespace streamer {

struct FilterSource {
  std::vector<Condition> conditions;
  std::string expression;  // CEL; empty = none
};

struct FilterLimits {
  cel::Limits expression;
  std::size_t conditions = 100;
  std::size_t conjunctions = 16;
  // Of Filter::text, conditions included, which is what is saved of it.
  std::size_t printed_bytes = 512 << 10;
};

// A part of a filter that is no predicate: its program must yield exactly the
// wanted boolean.
struct Residual {
  std::shared_ptr<const cel::Program> program;
  Answer wanted = Answer::kTrue;

  [[nodiscard]] bool Holds(const FilterInput& input, Arena& arena) const;
};

struct Conjunction {
  std::vector<Predicate> predicates;
  std::vector<Residual> residuals;
};

class Filter {
 public:
  // InvalidArgument when the source is malformed or over a limit: for an
  // expression with the position (cel::PositionOf), for a condition with its
  // number and field ("filters[2].field: expected …, got …").
  static Result<std::shared_ptr<const Filter>> Compile(
      const FilterSource& source, const FilterLimits& limits = {});

  // The filter whose text() is `text`. It was accepted: that its printed form
  // is longer than what was sent, or that it came of conditions, is no reason
  // to refuse it. InvalidArgument when no filter is printed so.
  static Result<std::shared_ptr<const Filter>> ReadBack(
      const std::string& text);

  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  ~Filter();

  // The value of the whole filter: a boolean, another value, or an error.
  // Only true is a match.
  Value Evaluate(const FilterInput& input, Arena& arena) const {
    cel::Meter meter;
    return Evaluate(input, arena, meter);
  }
  Value Evaluate(const FilterInput& input, Arena& arena,
                 cel::Meter& meter) const {
    return program().Evaluate(input.values, arena, meter);
  }

  // Two filters with equal keys match the same events.
  [[nodiscard]] const std::string& canonical_key() const {
    return canonical_key_;
  }
  // The filter as CEL text, conditions included; "true" for no filter.
  [[nodiscard]] const std::string& text() const { return text_; }

  // No filter at all: matches every event of its collection.
  [[nodiscard]] bool is_match_all() const { return is_match_all_; }
  // A single == on the document's id: the id.
  [[nodiscard]] const std::optional<std::string>& document_id() const {
    return document_id_;
  }
  // Empty for match-all; one empty conjunction (a scan entry) when there is
  // nothing to hang it on; none and !is_match_all() when it can never match.
  [[nodiscard]] std::span<const Conjunction> conjunctions() const {
    return conjunctions_;
  }
  // Whether the conjunctions decide, or Evaluate must.
  [[nodiscard]] bool is_exact() const { return is_exact_; }

  // What an evaluation is estimated to cost at most (cel/cost.h).
  [[nodiscard]] cel::Units estimated_cost() const { return estimated_cost_; }

  // The program of the whole filter; it may lack its tree, so no Trace. At hand
  // unless is_exact().
  [[nodiscard]] const cel::Program& program() const {
    return program_.has_value() ? *program_ : whole().program;
  }
  // The tree of the whole filter, and the program whose Trace shows its nodes.
  struct Whole {
    cel::Tree tree;
    cel::Program program;
  };
  [[nodiscard]] const Whole& whole() const {
    const Whole* made = whole_.load(std::memory_order_acquire);
    return made != nullptr ? *made : MakeWhole();
  }
  [[nodiscard]] const cel::Tree& tree() const { return whole().tree; }

 private:
  Filter() = default;
  static Result<std::shared_ptr<const Filter>> Make(const cel::Tree& tree,
                                                    const FilterLimits& limits);
  Status SetNormalForm(const cel::Tree& tree, const FilterLimits& limits);
  const Whole& MakeWhole() const;

  std::vector<Conjunction> conjunctions_;
  std::string canonical_key_;
  std::string text_;
  std::optional<cel::Program> program_;  // unless is_exact_
  // Null: compiled within the limits that are usual.
  std::unique_ptr<const cel::Limits> limits_;
  // Null until somebody asks. Who first finishes one keeps it here for all.
  mutable std::atomic<const Whole*> whole_ = nullptr;
  cel::Units estimated_cost_ = 0;
  std::optional<std::string> document_id_;
  bool is_match_all_ = false;
  bool is_exact_ = true;
};

}  // namespace streamer

#endif  // STREAMER_FILTER_FILTER_H_
