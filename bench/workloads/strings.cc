// A pattern of its own for every subscription: a third are prefixes, a third
// substrings, a third literals that stand at both ends of a text.
#include <algorithm>
#include <string>

#include "workloads/document.h"
#include "workloads/draw.h"
#include "workloads/generators.h"

namespace streamer::workloads {
namespace {

// Some nine letters that no other number has: a few at random, then the
// number in base 26, closed by a hyphen.
std::string Word(std::uint64_t seed, std::size_t number) {
  Draw draw(seed, Stream::kRule, number);
  std::string word;
  for (int i = 0; i < 5; ++i) word += static_cast<char>('a' + draw.Below(26));
  do {
    word += static_cast<char>('a' + number % 26);
  } while ((number /= 26) > 0);
  return word + "-";
}

Rule Pattern(std::uint64_t seed, std::size_t i) {
  const std::string word = Word(seed, i);
  if (i % 3 == 0) return Compare("path", "prefix", "/v1/" + word + "items/");
  if (i % 3 == 1) return Compare("title", "substring", word);
  return Compare("name", "wildcard", "order-" + word + "*-done");
}

}  // namespace

// An event answers to one pattern of each kind.
Workload StringPatterns(const Shape& shape) {
  const auto words = std::max<std::size_t>(shape.count / 3, 1);
  return {.subscription =
              [seed = shape.seed](std::size_t i) {
                return Subscription{.rule = Pattern(seed, i)};
              },
          .event =
              [=](std::size_t i) {
                Draw draw(shape.seed, Stream::kEvent, i);
                const auto word = [&](std::size_t kind) {
                  return Word(shape.seed, 3 * draw.Below(words) + kind);
                };
                return Event{
                    .document = Padded(
                        {{"path", "/v1/" + word(0) + "items/42"},
                         {"title", "the quick brown fox over " + word(1) +
                                       "jumped, and sphinx of black quartz"},
                         {"name", "order-" + word(2) + "17-done"}})};
              }};
}

}  // namespace streamer::workloads
