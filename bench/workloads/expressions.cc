// Boolean expressions over many fields, and expressions nobody can index.
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workloads/document.h"
#include "workloads/draw.h"
#include "workloads/generators.h"

namespace streamer::workloads {
namespace {

constexpr std::size_t kStrings = 8;  // s0 … s7, of 50 values each
constexpr std::size_t kNumbers = 8;  // n0 … n7, below 10,000
constexpr std::size_t kValues = 200;
constexpr std::size_t kLargest = 10'000;
constexpr std::size_t kTags = 500;

std::string Name(char kind, std::size_t number) {
  return kind + std::to_string(number);
}

std::string RandomValue(Draw& draw) { return Name('v', draw.Below(kValues)); }
std::string RandomTag(Draw& draw) { return Name('t', draw.Below(kTags)); }

// Each holds for some five to fifteen events of a thousand.
Rule Leaf(Draw& draw) {
  const std::string text = Name('s', draw.Below(kStrings));
  const std::string number = Name('n', draw.Below(kNumbers));
  switch (draw.Below(4)) {
    case 0:
      return Compare(text, "==", RandomValue(draw));
    case 1:
      return Compare(text, "in",
                     {RandomValue(draw), RandomValue(draw), RandomValue(draw)});
    case 2:
      return Compare("tags", "contains", RandomTag(draw));
    default: {
      const std::size_t low = draw.Below(kLargest - 100);
      return All({Compare(number, ">=", low), Compare(number, "<", low + 100)});
    }
  }
}

// Both of two leaves, one of which is negated one time in four.
Rule Pair(Draw& draw) {
  Rule first = Leaf(draw);
  Rule second = Leaf(draw);
  if (draw.Below(4) == 0) second = Not(std::move(second));
  return All({std::move(first), std::move(second)});
}

Rule EitherPair(Draw& draw) {
  Rule first = Pair(draw);
  Rule second = Pair(draw);
  return Any({std::move(first), std::move(second)});
}

Document RandomDocument(Draw& draw) {
  Document document;
  for (std::size_t i = 0; i < kStrings; ++i) {
    document[Name('s', i)] = RandomValue(draw);
  }
  for (std::size_t i = 0; i < kNumbers; ++i) {
    document[Name('n', i)] = draw.Below(kLargest);
  }
  document["tags"] = {RandomTag(draw), RandomTag(draw), RandomTag(draw)};
  return document;
}

}  // namespace

// (A or B) and (C or D), where each letter is two leaves that must both hold:
// some twenty of a million match. Nothing else is asked: an equality in front
// of it would make this one more workload of equalities.
Workload Nested(const Shape& shape) {
  return {.subscription =
              [seed = shape.seed](std::size_t i) {
                Draw draw(seed, Stream::kRule, i);
                Rule first = EitherPair(draw);
                Rule second = EitherPair(draw);
                return Subscription{
                    .rule = All({std::move(first), std::move(second)})};
              },
          .event =
              [seed = shape.seed](std::size_t i) {
                Draw draw(seed, Stream::kEvent, i);
                return Event{.document = Padded(RandomDocument(draw))};
              }};
}

// Arithmetic on two fields against a constant of one's own. There are 168
// left sides, each event a thousandth of the constants.
Workload Unindexable(const Shape& shape) {
  static constexpr std::array<std::string_view, 3> kOperators = {" + ", " - ",
                                                                 " * "};
  return {.subscription =
              [seed = shape.seed](std::size_t i) {
                Draw draw(seed, Stream::kRule, i);
                const std::size_t left = draw.Below(kNumbers);
                const std::size_t right =
                    (left + 1 + draw.Below(kNumbers - 1)) % kNumbers;
                return Subscription{
                    .rule = Cel("(doc." + Name('n', left) +
                                std::string(kOperators[draw.Below(3)]) +
                                "doc." + Name('n', right) + ") % 1009 == " +
                                std::to_string(draw.Below(1009))),
                    .is_expression = true};
              },
          .event =
              [seed = shape.seed](std::size_t i) {
                Draw draw(seed, Stream::kEvent, i);
                return Event{.document = Padded(RandomDocument(draw))};
              }};
}

}  // namespace streamer::workloads
