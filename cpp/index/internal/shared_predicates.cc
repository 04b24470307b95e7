#include "index/internal/shared_predicates.h"

#include <utility>

#include "base/hash.h"

namespace streamer {

SharedPredicateId SharedPredicates::Acquire(const Predicate& predicate) {
  std::string identity;
  predicate.AppendIdentity(identity);
  const std::uint64_t hash = HashBytes(identity);
  HashIndex::Number number =
      by_identity_.Find(hash, [&](HashIndex::Number candidate) {
        return kept_[candidate].identity == identity;
      });
  if (number == HashIndex::kNone) {
    number = kept_.Add({predicate, std::move(identity), 0});
    by_identity_.Insert(hash, number);
  }
  ++kept_[number].references;
  return SharedPredicateId(number);
}

void SharedPredicates::Release(SharedPredicateId id) {
  Kept& kept = kept_[id.value()];
  if (--kept.references > 0) return;
  by_identity_.Erase(HashBytes(kept.identity), id.value());
  kept_.Remove(id.value());
}

}  // namespace streamer
