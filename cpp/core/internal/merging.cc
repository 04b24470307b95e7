#include "core/internal/merging.h"

#include "base/hash.h"

namespace streamer::internal {
namespace {

std::uint64_t HashOf(const ChangeEvent& event) {
  return HashBytes(event.document_id(),
                   HashBytes(event.collection(), HashBytes(event.tenant())));
}

}  // namespace

std::optional<std::uint64_t> WaitingDocuments::Find(
    const ChangeEvent& event) const {
  const auto found = places_.find(HashOf(event));
  if (found == places_.end()) return std::nullopt;
  return found->second;
}

void WaitingDocuments::Add(const ChangeEvent& event, std::uint64_t place) {
  places_[HashOf(event)] = place;
}

void WaitingDocuments::Move(const ChangeEvent& event, std::uint64_t from,
                            std::uint64_t to) {
  const auto found = places_.find(HashOf(event));
  if (found != places_.end() && found->second == from) found->second = to;
}

void WaitingDocuments::Remove(const ChangeEvent& event, std::uint64_t place) {
  const auto found = places_.find(HashOf(event));
  if (found != places_.end() && found->second == place) places_.erase(found);
}

void Merged::Add(Position first, Position last) {
  while (!waiting_.empty() && waiting_.back().first.offset >= first.offset) {
    waiting_.pop_back();
  }
  waiting_.push_back({first, last});
}

void Merged::HandOver(Position last) {
  while (!waiting_.empty() && waiting_.front().last.offset <= last.offset) {
    sent_.push_back(waiting_.front());
    waiting_.pop_front();
  }
}

void Merged::Drop(Position last) {
  while (!waiting_.empty() && waiting_.front().last.offset <= last.offset) {
    waiting_.pop_front();
  }
}

void Merged::Acknowledge(Position last) {
  while (!sent_.empty() && sent_.front().last.offset <= last.offset) {
    sent_.pop_front();
  }
}

void Merged::Clear() {
  waiting_.clear();
  sent_.clear();
}

std::optional<Position> Merged::first_waiting() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front().first;
}

std::optional<Position> Merged::first_open() const {
  return sent_.empty() ? first_waiting() : sent_.front().first;
}

}  // namespace streamer::internal
