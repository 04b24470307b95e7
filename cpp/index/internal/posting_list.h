// PostingList: the conjunctions that are reached together.
//
// Each posting carries a *guard*: what one more predicate of its conjunction
// asks of the event, in 12 bytes. Reading a list then tells most conjunctions
// that cannot match apart in the order in which memory lies, and only the
// others are fetched, each from a place of its own.
//
// Most lists hold one conjunction: its number lies in the list's own 8 bytes,
// without a guard. A list that grew long is *divided* (posting_tree.h) or
// *crowded* (crowd.h); then it is but the number of its division or crowd.
//
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_POSTING_LIST_H_
#define STREAMER_INDEX_INTERNAL_POSTING_LIST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "index/ids.h"

namespace streamer {

// A posting list that was divided.
using DivisionId = Id<struct DivisionTag, std::uint32_t>;
inline constexpr DivisionId kNoDivision{~std::uint32_t{0}};
// One that became a crowd.
using CrowdId = Id<struct CrowdTag, std::uint32_t>;

// Invariant: an event that satisfies the predicate passes its guard. The
// bounds are rounded outward.
struct Guard {
  enum class Kind : std::uint32_t { kNone = 0, kNumber = 1, kTerm = 2 };
  struct Bounds {
    float low;
    float high;
  };

  static Guard None() { return {}; }
  static Guard Number(PathId path, double low, double high);
  static Guard OfTerm(PathId path, TermId term);

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(place & 3); }
  [[nodiscard]] PathId path() const { return PathId(place >> 2); }

  std::uint32_t place = 0;  // the path and, in the lowest two bits, the kind
  union {
    Bounds bounds{0, 0};
    std::uint32_t term;
  };
};

struct Posting {
  ConjunctionId id;
  Guard guard;
};
static_assert(sizeof(Posting) == 16);

class PostingList {
 public:
  PostingList() = default;
  PostingList(PostingList&& other) noexcept
      : bits_(std::exchange(other.bits_, kEmpty)) {}
  PostingList& operator=(PostingList&& other) noexcept {
    PostingList taken(std::move(other));
    std::swap(bits_, taken.bits_);
    return *this;
  }
  ~PostingList() { FreeBlock(); }

  // REQUIRES of the next four: neither divided nor crowded.
  // Adds a posting. The only posting of a list is kept without its guard;
  // `guard_of_single` gives it back when a second one comes.
  void Insert(const Posting& posting,
              const Guard& guard_of_single = Guard::None());
  // Removes the posting of `id`; false when there is none.
  bool Erase(ConjunctionId id);
  [[nodiscard]] bool Contains(ConjunctionId id) const;
  // Calls `visit(posting)` for each, in no order that callers may rely on.
  template <typename Visit>
  void ForEach(Visit visit) const {
    if (is_single()) {
      visit(Posting{single(), Guard::None()});
    } else if (!is_empty()) {
      for (const Posting& posting : block()->postings()) visit(posting);
    }
  }

  [[nodiscard]] bool is_single() const { return (bits_ & 3) == kSingle; }
  // REQUIRES: is_single().
  [[nodiscard]] ConjunctionId single() const {
    return ConjunctionId(static_cast<std::uint32_t>(bits_ >> 2));
  }

  // Any of its conjunctions. REQUIRES: not empty, divided nor crowded.
  [[nodiscard]] ConjunctionId last() const {
    return is_single() ? single() : block()->postings().back().id;
  }

  // Asks for the memory that ForEach will read.
  void Prefetch() const {
    if (has_block()) __builtin_prefetch(block());
  }

  // Becomes divided. REQUIRES: it is empty.
  void Divide(DivisionId division);
  [[nodiscard]] bool is_divided() const { return (bits_ & 3) == kDivided; }
  [[nodiscard]] DivisionId division() const {
    return DivisionId(static_cast<std::uint32_t>(bits_ >> 2));
  }

  // Becomes crowded. REQUIRES: it is empty.
  void Crowd(CrowdId crowd);
  [[nodiscard]] bool is_crowded() const { return (bits_ & 3) == kCrowded; }
  [[nodiscard]] CrowdId crowd() const {
    return CrowdId(static_cast<std::uint32_t>(bits_ >> 2));
  }

  void Clear();
  [[nodiscard]] bool is_empty() const { return bits_ == kEmpty; }
  // Of a divided or crowded list: 0.
  [[nodiscard]] std::size_t size() const {
    if (is_single()) return 1;
    return has_block() ? block()->size : 0;
  }
  // Memory outside of the list itself.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Block {
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;

    Posting* first() { return reinterpret_cast<Posting*>(this + 1); }
    [[nodiscard]] std::span<const Posting> postings() const {
      return {reinterpret_cast<const Posting*>(this + 1), size};
    }
  };
  // The lowest two bits tell an address from the others.
  static constexpr std::uint64_t kEmpty = 0;
  static constexpr std::uint64_t kSingle = 1;
  static constexpr std::uint64_t kDivided = 2;
  static constexpr std::uint64_t kCrowded = 3;

  [[nodiscard]] Block* block() const { return reinterpret_cast<Block*>(bits_); }
  [[nodiscard]] bool has_block() const {
    return bits_ != kEmpty && (bits_ & 3) == 0;
  }
  static std::size_t BytesOf(std::uint32_t capacity) {
    return sizeof(Block) + capacity * sizeof(Posting);
  }
  void Resize(std::uint32_t capacity);
  void FreeBlock();

  std::uint64_t bits_ = kEmpty;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_POSTING_LIST_H_
