#include "index/internal/key_space.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <span>

#include "base/hash.h"
#include "index/internal/bounds.h"

namespace streamer {
namespace {

// Grams are as long as they can be, so that few literals share one.
constexpr std::array<std::uint8_t, 4> kGramWidths = {8, 4, 2, 1};
// Of a long substring, the grams at this many places are compared.
constexpr std::size_t kMostGrams = 16;

void AppendCells(const NumberInterval& interval, PathId path,
                 std::vector<Key>& keys) {
  const std::uint64_t low = interval.low.Chunk(0);
  const std::uint64_t high = interval.high.Chunk(0);
  const auto width = static_cast<std::uint8_t>(std::bit_width(high - low));
  const KeySpace space{path, SpaceKind::kCell, width};
  keys.push_back({space, CellOf(interval.low.number, width)});
  const std::uint64_t last = CellOf(interval.high.number, width);
  if (last != keys.back().value) keys.push_back({space, last});
}

void AppendTerms(const Predicate& predicate, PathId path, SpaceKind kind,
                 const TermTable& terms, std::vector<Key>& keys) {
  for (const Value& constant : ConstantsOf(predicate)) {
    if (LookupOf(constant) == Lookup::kNever) continue;
    const Key key{{path, kind, 0}, terms.Find(path, constant).value()};
    // 1 and 1.0 share a term.
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      keys.push_back(key);
    }
  }
}

void AppendGrams(std::string_view literal, PathId path,
                 std::vector<Key>& keys) {
  const std::uint8_t width = *std::find_if(
      kGramWidths.begin(), kGramWidths.end(),
      [&](std::uint8_t candidate) { return candidate <= literal.size(); });
  const std::size_t places = std::min(literal.size() - width + 1, kMostGrams);
  for (std::size_t i = 0; i < places; ++i) {
    keys.push_back(
        {{path, SpaceKind::kGram, width}, GramOf(literal.substr(i), width)});
  }
}

void AppendEnd(std::string_view literal, PathId path, SpaceKind kind,
               std::vector<Key>& keys) {
  // Longer ones are told apart by this much of them.
  constexpr std::size_t kLongest = 64;
  const std::size_t width = std::min(literal.size(), kLongest);
  const std::string_view part = kind == SpaceKind::kPrefix
                                    ? literal.substr(0, width)
                                    : literal.substr(literal.size() - width);
  keys.push_back(
      {{path, kind, static_cast<std::uint8_t>(width)}, LiteralKeyOf(part)});
}

}  // namespace

KeySet KeysOf(const Conjunction& conjunction, const Access& access, PathId path,
              const TermTable& terms) {
  const Predicate& predicate = conjunction.predicates[access.predicate];
  KeySet set;
  switch (access.kind) {
    case AccessKind::kEquality:
      AppendTerms(predicate, path, SpaceKind::kTerm, terms, set.keys);
      return set;
    case AccessKind::kMember:
      AppendTerms(predicate, path, SpaceKind::kMember, terms, set.keys);
      return set;
    case AccessKind::kNumbers:
    case AccessKind::kCells:
      AppendCells(NumberIntervalOf(conjunction, access), path, set.keys);
      return set;
    default:
      break;
  }
  const Literal literal = LiteralOf(predicate);
  switch (literal.place) {
    case LiteralPlace::kStart:
      AppendEnd(literal.text, path, SpaceKind::kPrefix, set.keys);
      break;
    case LiteralPlace::kEnd:
      AppendEnd(literal.text, path, SpaceKind::kSuffix, set.keys);
      break;
    case LiteralPlace::kAnywhere:
      AppendGrams(literal.text, path, set.keys);
      set.is_choice = true;
      break;
  }
  return set;
}

std::uint64_t CellOf(double number, std::uint8_t width) {
  return width == 64 ? 0 : NumberBound{number}.Chunk(0) >> width;
}

std::uint64_t LiteralKeyOf(std::string_view text) { return HashBytes(text); }

}  // namespace streamer
