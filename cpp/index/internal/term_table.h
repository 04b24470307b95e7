// TermTable: the constants that filters look for, each once for its path.
//
// A term stands for a path and a constant that a value there can equal. The
// event's value is looked up once; from then on "equals that constant" is a
// comparison of two numbers. Under a term hang the conjunctions that are
// reached when the value is the constant, and those reached when the value is
// a container that holds it.
//
// Numbers are one term if they round to one double. Up to 2^53 that is
// equality; from there on whoever is reached through a term must check.
//
// Cost: Find is a hash of the value and one probe.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_TERM_TABLE_H_
#define STREAMER_INDEX_INTERNAL_TERM_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "index/hash_index.h"
#include "index/ids.h"
#include "index/internal/posting_list.h"
#include "index/pool.h"
#include "index/scratch.h"
#include "value/value.h"

namespace streamer {

// How a constant can be looked for.
enum class Lookup : std::uint8_t {
  kExact,    // whoever has the term equals the constant
  kChecked,  // a number of 2^53 or more: equality must be checked
  kNever,    // NaN: nothing equals it
  kNone,     // a container or a time: not kept as a term
};
Lookup LookupOf(const Value& constant);

struct Term {
  PathId path;
  std::uint32_t references = 0;
  Value value;  // text lies in `text`
  std::unique_ptr<char[]> text;
  PostingList equalities;  // reached when the value is this
  PostingList members;     // reached when the value holds this
};

class TermTable {
 public:
  static constexpr TermId kNone = IndexScratch::kNoTerm;

  // The term, made when it is not there; one more refers to it.
  // REQUIRES: LookupOf(constant) is kExact or kChecked.
  TermId Acquire(PathId path, const Value& constant);
  // One fewer refers to it. REQUIRES: acquired before.
  void Release(TermId term);

  // The term that `value` has under `path`, or kNone. Any value may be asked
  // for.
  [[nodiscard]] TermId Find(PathId path, const Value& value) const;

  // Find in three steps, each of which asks for the memory that the next one
  // reads, so that several terms are waited for together. False when nothing
  // can be found.
  bool BeginFind(IndexScratch::TermLookup& lookup, const Value& value) const;
  bool ContinueFind(IndexScratch::TermLookup& lookup) const;
  // The term that it should be: two values in four thousand million have the
  // same hash.
  [[nodiscard]] const Term& Likely(
      const IndexScratch::TermLookup& lookup) const {
    return terms_[lookup.number];
  }
  [[nodiscard]] TermId EndFind(const IndexScratch::TermLookup& lookup,
                               const Value& value) const;

  // Appends the terms of the members of `container`, each once.
  void FindMembers(PathId path, const Value& container,
                   std::vector<TermId>& members) const;

  Term& operator[](TermId term) { return terms_[term.value()]; }
  const Term& operator[](TermId term) const { return terms_[term.value()]; }
  [[nodiscard]] std::size_t size() const { return terms_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  [[nodiscard]] TermId Find(PathId path, const Value& value,
                            std::uint64_t hash) const;

  HashIndex term_of_value_;
  Pool<Term> terms_;
  std::size_t text_bytes_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_TERM_TABLE_H_
