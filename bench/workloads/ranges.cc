// Nothing but ranges, over attributes that are all present and uniform.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "workloads/document.h"
#include "workloads/draw.h"
#include "workloads/generators.h"

namespace streamer::workloads {
namespace {

constexpr std::size_t kAttributes = 20;
constexpr double kMatches = 10;

std::string Attribute(std::size_t number) {
  return "a" + std::to_string(number);
}

// Rounded as Draw::Fraction is, so that no text gets long.
double Rounded(double value) { return std::round(value * 1e6) / 1e6; }

// `low <= attribute < low + width`, all of it within [0, 1).
void AppendRange(std::size_t attribute, double width, Draw& draw,
                 std::vector<Rule>& rules) {
  const double low = Rounded(draw.Fraction() * (1 - width));
  rules.push_back(Compare(Attribute(attribute), ">=", low));
  rules.push_back(Compare(Attribute(attribute), "<", Rounded(low + width)));
}

// `wanted` attributes of the first `attributes`, each once.
std::vector<std::size_t> Choose(std::size_t wanted, std::size_t attributes,
                                Draw& draw) {
  std::array<std::size_t, kAttributes> all{};
  for (std::size_t i = 0; i < attributes; ++i) all[i] = i;
  for (std::size_t i = 0; i < wanted; ++i) {
    std::swap(all[i], all[i + draw.Below(attributes - i)]);
  }
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(wanted)};
}

Workload Make(const Shape& shape, std::size_t dimensions,
              std::size_t attributes, double width) {
  return {
      .subscription =
          [=](std::size_t i) {
            Draw draw(shape.seed, Stream::kRule, i);
            std::vector<Rule> rules;
            for (std::size_t chosen : Choose(dimensions, attributes, draw)) {
              AppendRange(chosen, width, draw, rules);
            }
            return Subscription{.rule = All(std::move(rules))};
          },
      .event =
          [seed = shape.seed](std::size_t i) {
            Draw draw(seed, Stream::kEvent, i);
            Document document;
            for (std::size_t a = 0; a < kAttributes; ++a) {
              document[Attribute(a)] = draw.Fraction();
            }
            return Event{.document = Padded(std::move(document))};
          }};
}

}  // namespace

// Widths that keep the matches at ten, whatever the number of subscriptions.
Workload OneRange(const Shape& shape) {
  const auto count = static_cast<double>(shape.count);
  return Make(shape, 1, 1, std::min(0.9, kMatches / count));
}

Workload TwoRanges(const Shape& shape) {
  const auto count = static_cast<double>(shape.count);
  return Make(shape, 2, 2, std::min(0.9, std::sqrt(kMatches / count)));
}

// One subscription in 100,000 matches: ten of a million.
Workload FiveRanges(const Shape& shape) {
  return Make(shape, 5, kAttributes, 0.1);
}

}  // namespace streamer::workloads
