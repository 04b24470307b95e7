#include "transport/internal/ndjson_ingest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "event/decoder.h"

namespace streamer {
namespace {

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

NdjsonIngest::State NdjsonIngest::Take(std::string_view bytes) {
  DropTaken();
  buffer_.append(bytes);
  return Continue();
}

NdjsonIngest::State NdjsonIngest::End() {
  is_ended_ = true;
  const State state = Continue();
  if (state == State::kMore) DropTaken();
  return state;
}

NdjsonIngest::State NdjsonIngest::Continue() {
  while (failure_ == 0) {
    Batch batch = DecodeBatch();
    if (batch.lines == 0 && batch.problem.ok()) return State::kMore;
    const State state = IngestBatch(std::move(batch));
    if (state != State::kMore) return state;
  }
  return State::kFailed;
}

std::string_view NdjsonIngest::buffered() const {
  return std::string_view(buffer_).substr(taken_);
}

// Reads complete lines up to a full batch or the first bad one. Keeps nothing:
// a batch that the engine cannot take now is decoded again, which is cheaper
// than to keep a copy of every batch for the rare time that this happens.
NdjsonIngest::Batch NdjsonIngest::DecodeBatch() {
  Batch batch;
  const std::string_view text = buffered();
  const WallTime now = now_();
  while (batch.events.size() < kBatch && batch.bytes < text.size()) {
    // A long line comes in many pieces; each is searched once.
    const std::size_t from = std::max(taken_ + batch.bytes, searched_);
    const std::size_t newline = text.find('\n', from - taken_);
    if (newline == std::string_view::npos) {
      searched_ = buffer_.size();
      if (!is_ended_) break;
    }
    const std::size_t end = std::min(newline, text.size());
    const std::string_view line = text.substr(batch.bytes, end - batch.bytes);
    if (!IsBlank(line)) {
      Result<SourceEvent> event = DecodeLine(line, now);
      if (!event.ok()) {
        batch.problem = event.status();
        break;
      }
      batch.events.push_back(std::move(*event));
    }
    batch.bytes = std::min(end + 1, text.size());
    ++batch.lines;
  }
  return batch;
}

NdjsonIngest::State NdjsonIngest::IngestBatch(Batch batch) {
  if (!batch.events.empty()) {
    const std::size_t count = batch.events.size();
    const Result<Position> position = engine_.Ingest(std::move(batch.events));
    if (absl::IsResourceExhausted(position.status())) {
      searched_ = 0;  // the newlines of this batch are looked for again
      return State::kBlocked;
    }
    if (!position.ok()) {
      Fail(absl::IsUnavailable(position.status()) ? 503 : 500,
           std::string(MessageOf(position.status())));
      return State::kFailed;
    }
    accepted_ += count;
    position_ = *position;
  }
  taken_ += batch.bytes;
  lines_ += batch.lines;
  if (batch.problem.ok()) return State::kMore;
  bad_line_ = lines_ + 1;
  Fail(400, std::string(MessageOf(batch.problem)));
  return State::kFailed;
}

void NdjsonIngest::Fail(unsigned http_status, std::string detail) {
  if (failure_ != 0) return;
  failure_ = http_status;
  problem_ = std::move(detail);
  buffer_ = {};
  taken_ = 0;
}

// What was taken is dropped when more arrives, in one move of the rest.
void NdjsonIngest::DropTaken() {
  buffer_.erase(0, taken_);
  searched_ -= std::min(searched_, taken_);
  taken_ = 0;
}

HttpResponse NdjsonIngest::Response() {
  if (accepted_ == 0) {
    // An empty batch names the head: nothing of this body is before it.
    const Result<Position> head = engine_.Ingest({});
    if (head.ok()) position_ = *head;
  }
  nlohmann::json members = {
      {"accepted", accepted_},
      {"progress", position_.has_value() ? FormatProgress(*position_) : ""}};
  if (failure_ == 0) return JsonResponse(202, members);
  members["error"] = problem_;
  if (bad_line_ == 0) return ProblemResponse(failure_, problem_, members);
  members["line"] = bad_line_;
  return ProblemResponse(
      failure_, "line " + std::to_string(bad_line_) + ": " + problem_, members);
}

}  // namespace streamer
