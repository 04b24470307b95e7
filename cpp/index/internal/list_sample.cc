#include "index/internal/list_sample.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace streamer {
namespace {

constexpr double kImpossible = std::numeric_limits<double>::infinity();
constexpr double kConjunction = 50;
constexpr double kRefused = 10;  // by a guard, mostly
constexpr double kSpace = 30;
constexpr double kRow = 8;
constexpr double kConjunctionsPerNanosecond = 80;

// Of events, those that a crowd takes to satisfy a constraint.
double ShareOf(const Constraint& constraint) {
  constexpr double kHalfLine = 0.5;
  constexpr double kInterval = 0.17;
  constexpr double kMembers = 3;  // of an event's container
  const double cells = static_cast<double>(std::popcount(constraint.cells)) /
                       static_cast<double>(kCellCount);
  switch (constraint.kind) {
    case ConstraintKind::kTerm:
      return cells;
    case ConstraintKind::kMember:
      return kMembers * cells;
    case ConstraintKind::kNumber:
      break;
  }
  const bool is_half = constraint.low == -Constraint::kInfinity ||
                       constraint.high == Constraint::kInfinity;
  return is_half ? kHalfLine : kInterval;
}

}  // namespace

void ListSample::Add(std::span<const Constraint> constraints, const Key* key) {
  ++added_;
  double share = 1;
  for (const Constraint& constraint : constraints) {
    share *= ShareOf(constraint);
    const bool is_new = std::none_of(columns_.begin(), columns_.end(),
                                     [&](const Column& column) {
                                       return column.path == constraint.path &&
                                              column.kind == constraint.kind;
                                     });
    if (is_new) columns_.push_back({constraint.path, constraint.kind});
  }
  possible_ += share;
  if (key != nullptr) keys_.push_back(*key);
}

double ListSample::CostOf(std::size_t size) {
  return kRefused * static_cast<double>(size);
}

double ListSample::CostOfCrowd(std::size_t size) const {
  if (columns_.empty()) return kImpossible;
  const auto count = static_cast<double>(size);
  const double rows = static_cast<double>(columns_.size()) *
                      (kRow + count / kConjunctionsPerNanosecond);
  return rows + kConjunction * count * possible_ / static_cast<double>(added_);
}

// What has no key is reached by every event.
double ListSample::CostOfDivision(std::size_t size) const {
  if (keys_.empty()) return kImpossible;
  std::vector<KeySpace> spaces;
  double pairs = 1;
  double equal = 1;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (keys_[i].space != keys_[j].space) continue;
      ++pairs;
      if (keys_[i].value == keys_[j].value) ++equal;
    }
    if (std::find(spaces.begin(), spaces.end(), keys_[i].space) ==
        spaces.end()) {
      spaces.push_back(keys_[i].space);
    }
  }
  const double left_over =
      1 - static_cast<double>(keys_.size()) / static_cast<double>(added_);
  // A range lies in two cells.
  const double reached = 2 * equal / pairs;
  return kSpace * static_cast<double>(spaces.size()) +
         static_cast<double>(size) *
             (kRefused * reached + kConjunction * left_over);
}

}  // namespace streamer
