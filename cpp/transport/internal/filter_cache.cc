#include "transport/internal/filter_cache.h"

#include <iterator>
#include <utility>

#include "value/json.h"

namespace streamer {
namespace {

constexpr std::size_t kLongestSource = 1024;

// Each part with its length before it, so that no two lists of parts are one
// text.
void AppendPart(std::string_view part, std::string& key) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

// Constants of different kinds are different, though JSON writes them alike.
void AppendConstant(const Value& value, std::string& key) {
  key += static_cast<char>(value.kind());
  if (!value.is(ValueKind::kList)) return AppendPart(FormatJson(value), key);
  key += std::to_string(value.list().size());
  for (const Value& item : value.list().items()) {
    key += ',';
    AppendConstant(item, key);
  }
}

std::string KeyOf(const FilterSource& source) {
  std::string key;
  for (const Condition& condition : source.conditions) {
    AppendPart(condition.field, key);
    AppendPart(Format(condition.op), key);
    AppendConstant(condition.value.value(), key);
  }
  key += '|';
  key += source.expression;
  return key;
}

}  // namespace

FilterCache::FilterCache(std::size_t capacity, FilterLimits limits)
    : capacity_(capacity), limits_(limits) {}

Result<std::shared_ptr<const Filter>> FilterCache::Get(
    const FilterSource& source) {
  std::string key = KeyOf(source);
  if (auto known = Find(key)) return known;
  STREAMER_ASSIGN_OR_RETURN(std::shared_ptr<const Filter> filter,
                            Filter::Compile(source, limits_));
  if (key.size() > kLongestSource) return filter;
  return Add(key, std::move(filter));
}

FilterCache::Counts FilterCache::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::size_t FilterCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::shared_ptr<const Filter> FilterCache::Find(const std::string& source) {
  const std::lock_guard lock(mutex_);
  const auto found = by_source_.find(source);
  std::shared_ptr<const Filter> filter;
  if (found != by_source_.end()) filter = found->second->filter.lock();
  ++(filter != nullptr ? counts_.hits : counts_.misses);
  if (filter != nullptr) {
    entries_.splice(entries_.begin(), entries_, found->second);
  }
  return filter;
}

// Another thread may have added the same meanwhile; the first one counts.
std::shared_ptr<const Filter> FilterCache::Add(
    const std::string& source, std::shared_ptr<const Filter> filter) {
  const std::lock_guard lock(mutex_);
  if (const auto old = by_source_.find(source); old != by_source_.end()) {
    Drop(old->second);
  }
  if (entries_.size() == capacity_) Drop(std::prev(entries_.end()));
  Shared& shared = by_text_[filter->text()];
  if (auto same = shared.filter.lock()) filter = std::move(same);
  shared.filter = filter;
  ++shared.entries;
  entries_.push_front({source, filter->text(), filter});
  by_source_.emplace(source, entries_.begin());
  return filter;
}

void FilterCache::Drop(Entries::iterator entry) {
  const auto shared = by_text_.find(entry->text);
  if (--shared->second.entries == 0) by_text_.erase(shared);
  by_source_.erase(entry->source);
  entries_.erase(entry);
}

}  // namespace streamer
