// Filters drawn from real documents: two or three fields of a document chosen
// at random; text must be equal (or, for one in four, begin alike), a number
// lie in a band around it, a list contain one of its elements. Events are the
// documents themselves.
#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "workloads/document.h"
#include "workloads/draw.h"
#include "workloads/generators.h"

namespace streamer::workloads {
namespace {

using Lines = std::shared_ptr<const std::vector<std::string>>;

Lines ReadLines(const std::string& path) {
  auto lines = std::make_shared<std::vector<std::string>>();
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines->push_back(line);
  if (lines->empty()) {
    throw std::runtime_error(
        "workload: expected a file of JSON lines, got none at \"" + path +
        "\": run `bench/real_data.py`");
  }
  return lines;
}

void AppendBand(const std::string& field, double value, Draw& draw,
                std::vector<Rule>& rules) {
  const double width = std::abs(value) * (0.01 + draw.Fraction() / 10) + 1;
  rules.push_back(Compare(field, ">=", std::floor(value - width)));
  rules.push_back(Compare(field, "<=", std::ceil(value + width)));
}

void AppendText(const std::string& field, const std::string& text, Draw& draw,
                std::vector<Rule>& rules) {
  // A cut within a character of several bytes would be no text.
  if (text.size() > 3 && draw.Below(4) == 0 &&
      (static_cast<unsigned char>(text[3]) & 0xC0U) != 0x80U) {
    rules.push_back(Compare(field, "prefix", text.substr(0, 3)));
  } else {
    rules.push_back(Compare(field, "==", text));
  }
}

void AppendClause(const std::string& field, const Document& value, Draw& draw,
                  std::vector<Rule>& rules) {
  if (value.is_string()) {
    AppendText(field, value.get<std::string>(), draw, rules);
  } else if (value.is_number()) {
    AppendBand(field, value.get<double>(), draw, rules);
  } else if (value.is_array() && !value.empty()) {
    rules.push_back(
        Compare(field, "contains", Rule(value[draw.Below(value.size())])));
  }
}

Rule RuleFor(const Document& document, Draw& draw) {
  std::vector<Rule> rules;
  const std::size_t wanted = 2 + draw.Below(2);
  for (std::size_t i = 0; i < wanted; ++i) {
    auto member = document.begin();
    std::advance(member, draw.Below(document.size()));
    AppendClause(member.key(), member.value(), draw, rules);
  }
  return All(std::move(rules));
}

}  // namespace

Workload RealData(const Shape& shape) {
  const Lines lines = ReadLines(shape.data);
  return {
      .subscription =
          [=, seed = shape.seed](std::size_t i) {
            Draw draw(seed, Stream::kRule, i);
            const std::string& line = (*lines)[draw.Below(lines->size())];
            return Subscription{.rule = RuleFor(Document::parse(line), draw)};
          },
      .event =
          [=, seed = shape.seed](std::size_t i) {
            Draw draw(seed, Stream::kEvent, i);
            return Event{.document = (*lines)[draw.Below(lines->size())]};
          }};
}

}  // namespace streamer::workloads
