#include "client/session_receiver.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamer {
namespace {

constexpr std::string_view kPlaceVersion = "s1-";
constexpr std::string_view kUnreadLoss = "lost-";
constexpr std::string_view kBehind = "-behind-";

// Reads digits up to a dash and takes both away.
std::optional<std::uint64_t> TakeNumber(std::string_view& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop == end || *stop != '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  return number;
}

bool IsKept(SessionWelcome::Continuity continuity) {
  return continuity == SessionWelcome::Continuity::kNothingMissed ||
         continuity == SessionWelcome::Continuity::kComplete;
}

bool IsLastPart(const SessionEntry& entry) {
  return entry.parts != 0 && entry.part >= entry.parts;
}

std::string NameOf(std::uint64_t seq, std::uint32_t part) {
  if (part == 0) return absl::StrCat(seq);
  return absl::StrCat("part ", part, " of ", seq);
}

// The place after which the event at `progress` is the next.
std::string JustBefore(std::string_view progress) {
  Result<Position> position = ParseProgress(progress);
  if (!position.ok() || position->offset == 0) return {};
  --position->offset;
  return FormatProgress(*position);
}

}  // namespace

void SessionPlace::PutBehind(const std::string& place) {
  const Result<Position> position = ParseProgress(place);
  const Result<Position> limit =
      ParseProgress(behind.empty() ? progress : behind);
  if (position.ok() && (!limit.ok() || *position < *limit)) behind = place;
}

std::string FormatSessionPlace(const SessionPlace& place) {
  return absl::StrCat("s1-", place.has_unread_loss ? "lost-" : "",
                      place.session, "-", place.seq, "-", place.progress,
                      place.behind.empty() ? "" : "-behind-", place.behind);
}

Result<SessionPlace> ParseSessionPlace(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with(kPlaceVersion)) {
    rest.remove_prefix(kPlaceVersion.size());
    const bool has_unread_loss = rest.starts_with(kUnreadLoss);
    if (has_unread_loss) rest.remove_prefix(kUnreadLoss.size());
    const auto session = TakeNumber(rest);
    const auto seq = session.has_value() ? TakeNumber(rest) : std::nullopt;
    if (seq.has_value()) {
      SessionPlace place{
          .session = *session,
          .seq = *seq,
          .progress = std::string(rest.substr(0, rest.find(kBehind))),
          .has_unread_loss = has_unread_loss};
      if (place.progress.size() < rest.size()) {
        place.behind = rest.substr(place.progress.size() + kBehind.size());
      }
      if (FormatSessionPlace(place) == text) return place;
    }
  }
  std::string message("expected the state of a session, got \"");
  message.append(text);
  return InvalidArgument(message + "\"");
}

SessionReceiver::SessionReceiver(const SessionPlace& place)
    : epoch_(place.session == 0 ? 0 : 1),
      session_(place.session),
      seq_(place.seq),
      progress_(place.progress) {}

const SessionPlace& SessionReceiver::Announce() {
  announced_ = processed();
  announced_.has_unread_loss = false;
  announced_.behind.clear();
  is_position_announced_ |= announced_.session != session_;
  return announced_;
}

Result<SessionReceiver::Course> SessionReceiver::Welcomed(
    const SessionWelcome& welcome) {
  if (welcome.session == 0 || welcome.next_seq == 0) {
    return Internal(
        absl::StrCat("welcome: expected a session and a next_seq, "
                     "got session ",
                     welcome.session, " and next_seq ", welcome.next_seq));
  }
  const bool is_by_position = std::exchange(is_position_announced_, false);
  const bool is_kept = IsKept(welcome.continuity) || HasAllBefore(welcome);
  if (announced_.session == 0 || !is_kept) {
    BeginEpoch(welcome);
    progress_.clear();
    return Course::kStartedOver;
  }
  if (welcome.session != session_) {
    BeginEpoch(welcome);
    ContinueByPosition(welcome);
  } else if (is_by_position) {
    ContinueByPosition(welcome);
  } else if (welcome.next_seq <= last_seq() + 1) {
    acknowledged_ = std::max(announced_.seq, welcome.next_seq - 1);
    TakeBackParts();
  } else {
    // Numbers were left out, so what they were given to is lost, whatever the
    // service says.
    BeginEpoch(welcome);
    return Course::kSkipped;
  }
  return Course::kContinued;
}

// Another process may have acknowledged more than was announced here. To the
// service that is lost; here it was received, and is only not processed yet.
bool SessionReceiver::HasAllBefore(const SessionWelcome& welcome) const {
  return welcome.session == session_ && welcome.next_seq <= last_seq() + 1;
}

// A delivery of which only parts came comes again from its first one.
void SessionReceiver::TakeBackParts() {
  if (part_ == 0) return;
  --seq_;
  part_ = 0;
}

// What the service has left out was announced as processed.
void SessionReceiver::ContinueByPosition(const SessionWelcome& welcome) {
  TakeBackParts();
  seq_ = std::max(seq_, welcome.next_seq - 1);
  const Result<Position> floor = ParseProgress(progress_);
  if (floor.ok()) floor_ = *floor;
}

void SessionReceiver::BeginEpoch(const SessionWelcome& welcome) {
  ++epoch_;
  session_ = welcome.session;
  seq_ = welcome.next_seq - 1;
  part_ = 0;
  floor_.reset();
  divided_ = 0;
  part_ids_.clear();
  acknowledged_ = seq_;
}

Result<SessionReceiver::Admission> SessionReceiver::Admit(
    const SessionEntry& entry) {
  if (entry.seq == 0) return Internal("seq: expected at least 1, got 0");
  if (IsDuplicate(entry)) {
    ++duplicates_;
    return Admission{};
  }
  if (!IsNext(entry)) {
    return Internal(absl::StrCat("seq: expected ", seq_ + 1, " after ",
                                 NameOf(seq_, part_), ", got ",
                                 NameOf(entry.seq, entry.part)));
  }
  if (entry.seq != seq_) FinishParts();
  seq_ = entry.seq;
  part_ = entry.part;
  if (IsBeforeFloor(entry)) {
    part_progress_ = progress_;
    ++duplicates_;
    if (IsLastPart(entry)) FinishParts();
    return Admission{};
  }
  const Admission admission = Number(entry);
  outstanding_.push_back({admission.number, session_, progress_,
                          entry.is_catching_up ? JustBefore(entry.progress)
                                               : std::string(entry.lost_from)});
  Advance(entry);
  if (IsLastPart(entry)) FinishParts();
  return admission;
}

bool SessionReceiver::IsDuplicate(const SessionEntry& entry) const {
  if (entry.seq != seq_) return entry.seq < seq_;
  return part_ == 0 || entry.part <= part_;
}

bool SessionReceiver::IsNext(const SessionEntry& entry) const {
  if (entry.seq == seq_) return entry.part == part_ + 1;
  return entry.seq == seq_ + 1 && entry.part <= 1;
}

// Live deliveries come in the order of positions, so the first one behind the
// floor is the last that must be looked at.
bool SessionReceiver::IsBeforeFloor(const SessionEntry& entry) {
  if (!floor_.has_value() || entry.is_catching_up) return false;
  const Result<Position> position = ParseProgress(entry.progress);
  if (!position.ok()) return false;
  if (*position <= *floor_) return true;
  floor_.reset();
  return false;
}

// There are no more parts: it was the last one, or something else follows.
void SessionReceiver::FinishParts() {
  if (part_ == 0) return;
  progress_ = std::move(part_progress_);
  part_ = 0;
}

void SessionReceiver::Advance(const SessionEntry& entry) {
  const bool is_live = !entry.progress.empty() && !entry.is_catching_up;
  if (part_ != 0) {
    part_progress_ = is_live ? std::string(entry.progress) : progress_;
  } else if (is_live) {
    progress_ = entry.progress;
  }
}

// Parts count on when a delivery comes again, so that numbers ascend.
SessionReceiver::Admission SessionReceiver::Number(const SessionEntry& entry) {
  const bool is_divided = entry.part != 0 || entry.seq == divided_;
  if (!is_divided || entry.seq != divided_) part_ids_.clear();
  divided_ = is_divided ? entry.seq : 0;
  const bool is_same =
      last_number_.epoch == epoch_ && last_number_.seq == entry.seq;
  const std::uint32_t part = is_same ? last_number_.part + 1 : 0;
  last_number_ = {epoch_, entry.seq, part};
  return {last_number_, is_divided};
}

EntryNumber SessionReceiver::NumberGap() {
  if (last_number_.epoch == epoch_) {
    ++last_number_.gap;
  } else {
    last_number_ = {.epoch = epoch_, .gap = 1};
  }
  unread_gaps_.push_back(last_number_);
  return last_number_;
}

void SessionReceiver::ProcessUpTo(EntryNumber number) {
  while (!unread_gaps_.empty() && unread_gaps_.front() <= number) {
    unread_gaps_.pop_front();
  }
  while (!outstanding_.empty() && outstanding_.front().number <= number) {
    outstanding_.pop_front();
  }
}

void SessionReceiver::Process(EntryNumber number) {
  std::erase(unread_gaps_, number);
  const auto found =
      std::lower_bound(outstanding_.begin(), outstanding_.end(), number,
                       [](const Outstanding& one, EntryNumber sought) {
                         return one.number < sought;
                       });
  if (found != outstanding_.end() && found->number == number) {
    outstanding_.erase(found);
  }
}

SessionPlace SessionReceiver::PlaceAfter(EntryNumber number) const {
  const auto next =
      std::upper_bound(outstanding_.begin(), outstanding_.end(), number,
                       [](EntryNumber sought, const Outstanding& one) {
                         return sought < one.number;
                       });
  const bool has_unread_loss =
      !unread_gaps_.empty() && number < unread_gaps_.back();
  SessionPlace place{.session = session_,
                     .seq = last_seq(),
                     .progress = progress_,
                     .has_unread_loss = has_unread_loss};
  if (next != outstanding_.end()) {
    place.session = next->session;
    place.seq = next->number.seq - 1;
    place.progress = next->progress_before;
  }
  for (auto one = next; one != outstanding_.end(); ++one) {
    if (!one->behind.empty()) place.PutBehind(one->behind);
  }
  return place;
}

std::uint64_t SessionReceiver::last_seq() const {
  return part_ == 0 ? seq_ : seq_ - 1;
}

std::optional<SessionReceiver::Acknowledgement>
SessionReceiver::TakeAcknowledgement(std::uint64_t enough) {
  const bool is_idle = outstanding_.empty();
  if (!is_idle && outstanding_.front().number.epoch != epoch_) {
    return std::nullopt;
  }
  const std::uint64_t seq =
      is_idle ? last_seq() : outstanding_.front().number.seq - 1;
  if (seq <= acknowledged_) return std::nullopt;
  if (!is_idle && seq - acknowledged_ < enough) return std::nullopt;
  acknowledged_ = seq;
  return Acknowledgement{session_, seq};
}

}  // namespace streamer
