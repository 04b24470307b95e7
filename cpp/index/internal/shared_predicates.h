// SharedPredicates: the predicates whose evaluation costs more than comparing
// two numbers, each kept once so that an event evaluates it at most once,
// however many filters contain it.
//
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_SHARED_PREDICATES_H_
#define STREAMER_INDEX_INTERNAL_SHARED_PREDICATES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "filter/predicate.h"
#include "index/hash_index.h"
#include "index/ids.h"
#include "index/pool.h"

namespace streamer {

class SharedPredicates {
 public:
  // The id of `predicate`, made when it is not there; one more refers to it.
  SharedPredicateId Acquire(const Predicate& predicate);
  // One fewer refers to it. REQUIRES: acquired before.
  void Release(SharedPredicateId id);

  const Predicate& operator[](SharedPredicateId id) const {
    return kept_[id.value()].predicate;
  }
  [[nodiscard]] std::size_t size() const { return kept_.size(); }
  [[nodiscard]] std::size_t bound() const { return kept_.bound(); }
  [[nodiscard]] std::size_t memory_bytes() const {
    return by_identity_.memory_bytes() + kept_.memory_bytes();
  }

 private:
  struct Kept {
    Predicate predicate;
    std::string identity;
    std::uint32_t references = 0;
  };

  HashIndex by_identity_;
  Pool<Kept> kept_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_SHARED_PREDICATES_H_
