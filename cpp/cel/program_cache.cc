#include "cel/program_cache.h"

#include <utility>

#include "cel/checker.h"
#include "cel/cost.h"
#include "cel/parser.h"
#include "cel/printer.h"

namespace streamer::cel {

ProgramCache::ProgramCache(Variables variables, std::size_t capacity,
                           Limits limits)
    : variables_(std::move(variables)), capacity_(capacity), limits_(limits) {}

Result<std::shared_ptr<const Program>> ProgramCache::Get(
    std::string_view text) {
  auto known = by_text_.find(text);
  if (known != by_text_.end()) return Use(known->second);
  STREAMER_ASSIGN_OR_RETURN(Tree tree, Parse(text, limits_));
  std::string canonical = Print(tree.root());
  auto same = by_canonical_.find(canonical);
  if (same == by_canonical_.end()) {
    STREAMER_RETURN_IF_ERROR(Add(tree, std::move(canonical)).status());
    same = by_canonical_.find(entries_.front().canonical);
  }
  Remember(text, same->second);
  return Use(same->second);
}

Result<std::shared_ptr<const Program>> ProgramCache::Add(
    const Tree& tree, std::string canonical) {
  STREAMER_RETURN_IF_ERROR(ReportOf(tree, Check(tree, variables_)));
  STREAMER_RETURN_IF_ERROR(CheckCost(tree, variables_, limits_));
  STREAMER_ASSIGN_OR_RETURN(
      Program program,
      Program::Compile(tree, tree.root(), variables_, limits_));
  if (entries_.size() == capacity_) {
    Entries::iterator oldest = std::prev(entries_.end());
    absl::erase_if(by_text_,
                   [&](const auto& known) { return known.second == oldest; });
    by_canonical_.erase(oldest->canonical);
    entries_.pop_back();
  }
  by_canonical_.emplace(canonical, entries_.end());
  entries_.push_front({std::move(canonical),
                       std::make_shared<const Program>(std::move(program))});
  by_canonical_[entries_.front().canonical] = entries_.begin();
  return entries_.front().program;
}

std::shared_ptr<const Program> ProgramCache::Use(Entries::iterator entry) {
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->program;
}

// One text too many: all of them are forgotten, the programs are not.
void ProgramCache::Remember(std::string_view text, Entries::iterator entry) {
  if (by_text_.size() >= capacity_) by_text_.clear();
  by_text_.emplace(text, entry);
}

}  // namespace streamer::cel
