#include "index/internal/posting_list.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

namespace streamer {
namespace {

constexpr std::uint32_t kFirstCapacity = 2;

float RoundedDown(double number) {
  const auto rounded = static_cast<float>(number);
  if (static_cast<double>(rounded) <= number) return rounded;
  return std::nextafter(rounded, -std::numeric_limits<float>::infinity());
}

float RoundedUp(double number) { return -RoundedDown(-number); }

std::uint32_t PlaceOf(PathId path, Guard::Kind kind) {
  return (path.value() << 2) | static_cast<std::uint32_t>(kind);
}

}  // namespace

Guard Guard::Number(PathId path, double low, double high) {
  Guard guard;
  guard.place = PlaceOf(path, Kind::kNumber);
  guard.bounds = {RoundedDown(low), RoundedUp(high)};
  return guard;
}

Guard Guard::OfTerm(PathId path, TermId term) {
  Guard guard;
  guard.place = PlaceOf(path, Kind::kTerm);
  guard.term = term.value();
  return guard;
}

void PostingList::Insert(const Posting& posting, const Guard& guard_of_single) {
  if (is_empty()) {
    bits_ = (std::uint64_t{posting.id.value()} << 2) | kSingle;
    return;
  }
  if (is_single()) {
    const Posting first{single(), guard_of_single};
    bits_ = kEmpty;
    Resize(kFirstCapacity);
    block()->first()[block()->size++] = first;
  } else if (block()->size == block()->capacity) {
    Resize(block()->capacity + std::max(block()->capacity / 2, 2u));
  }
  block()->first()[block()->size++] = posting;
}

bool PostingList::Erase(ConjunctionId id) {
  if (!has_block()) {
    if (!is_single() || single() != id) return false;
    bits_ = kEmpty;
    return true;
  }
  Posting* first = block()->first();
  Posting* end = first + block()->size;
  Posting* found = std::find_if(
      first, end, [id](const Posting& posting) { return posting.id == id; });
  if (found == end) return false;
  *found = *(end - 1);
  if (--block()->size == 1) {
    const Posting left = *first;
    Clear();
    Insert(left);
  } else if (block()->size * 2 <= block()->capacity) {
    Resize(block()->size + 1);
  }
  return true;
}

bool PostingList::Contains(ConjunctionId id) const {
  bool is_there = false;
  ForEach([&](const Posting& posting) { is_there |= posting.id == id; });
  return is_there;
}

void PostingList::Divide(DivisionId division) {
  bits_ = (std::uint64_t{division.value()} << 2) | kDivided;
}

void PostingList::Crowd(CrowdId crowd) {
  bits_ = (std::uint64_t{crowd.value()} << 2) | kCrowded;
}

void PostingList::Clear() {
  FreeBlock();
  bits_ = kEmpty;
}

std::size_t PostingList::memory_bytes() const {
  return has_block() ? BytesOf(block()->capacity) : 0;
}

void PostingList::Resize(std::uint32_t capacity) {
  auto* resized = new (::operator new(BytesOf(capacity))) Block;
  resized->capacity = capacity;
  if (has_block()) {
    resized->size = block()->size;
    std::uninitialized_copy_n(block()->first(), block()->size,
                              resized->first());
  }
  FreeBlock();
  bits_ = reinterpret_cast<std::uint64_t>(resized);
}

void PostingList::FreeBlock() {
  if (has_block()) ::operator delete(block());
}

}  // namespace streamer
