#include "store/log_history.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/internal/bytes.h"

namespace streamer {
namespace {

constexpr std::uint8_t kVersion = 1;

bool Descends(const LogEpoch& earlier, const LogEpoch& later) {
  return later.epoch <= earlier.epoch ||
         later.first_offset < earlier.first_offset;
}

bool IsRight(const std::vector<LogEpoch>& epochs) {
  return !epochs.empty() && epochs.front().first_offset == 1 &&
         std::adjacent_find(epochs.begin(), epochs.end(), Descends) ==
             epochs.end();
}

std::string Describe(const LogEpoch& epoch) {
  return absl::StrCat("epoch ", epoch.epoch, " from offset ",
                      epoch.first_offset);
}

}  // namespace

LogHistory::LogHistory(std::string identity, std::vector<LogEpoch> epochs)
    : identity_(std::move(identity)), epochs_(std::move(epochs)) {}

Position LogHistory::At(std::uint64_t offset) const {
  auto later = std::upper_bound(epochs_.begin(), epochs_.end(), offset,
                                [](std::uint64_t value, const LogEpoch& epoch) {
                                  return value < epoch.first_offset;
                                });
  if (later != epochs_.begin()) --later;
  return {later->epoch, offset};
}

Result<ResolvedPosition> LogHistory::Resolve(Position position) const {
  auto found = std::find_if(
      epochs_.begin(), epochs_.end(),
      [&](const LogEpoch& epoch) { return epoch.epoch == position.epoch; });
  if (found == epochs_.end() || position.offset < found->first_offset - 1) {
    return OutOfRange(
        absl::StrCat("log: expected a position of one of its epochs, ",
                     epochs_.front().epoch, " to ", epochs_.back().epoch,
                     ", got ", FormatProgress(position)));
  }
  auto next = std::next(found);
  if (next != epochs_.end() && position.offset >= next->first_offset) {
    return ResolvedPosition{At(next->first_offset - 1), true};
  }
  return ResolvedPosition{At(position.offset), false};
}

Status LogHistory::CheckContinues(const LogHistory& saved) const {
  if (saved.identity_ != identity_) {
    return FailedPrecondition(absl::StrCat("state: expected that of log \"",
                                           identity_, "\", got that of log \"",
                                           saved.identity_, "\""));
  }
  auto [mine, theirs] =
      std::mismatch(epochs_.begin(), epochs_.end(), saved.epochs_.begin(),
                    saved.epochs_.end());
  if (theirs == saved.epochs_.end()) return OkStatus();
  return FailedPrecondition(
      absl::StrCat("state: expected that of log \"", identity_, "\" with ",
                   mine == epochs_.end()
                       ? absl::StrCat("no epoch after ", epochs_.back().epoch)
                       : Describe(*mine),
                   ", got that of one with ", Describe(*theirs)));
}

std::string LogHistory::Encode() const {
  std::string bytes;
  internal::ByteWriter writer(bytes);
  writer.WriteByte(kVersion);
  writer.WriteText(identity_);
  writer.WriteNumber(epochs_.size());
  for (const LogEpoch& epoch : epochs_) {
    writer.WriteNumber(epoch.epoch);
    writer.WriteNumber(epoch.first_offset);
  }
  internal::Seal(bytes, 0);
  return bytes;
}

Result<LogHistory> LogHistory::Decode(std::string_view bytes) {
  bool is_whole = internal::Unseal(bytes, 0);
  internal::ByteReader reader(bytes);
  is_whole = is_whole && reader.ReadByte() == kVersion;
  std::string identity(reader.ReadText());
  std::vector<LogEpoch> epochs(is_whole ? reader.ReadCount(2) : 0);
  for (LogEpoch& epoch : epochs) {
    const std::uint64_t number = reader.ReadNumber();
    if (number > std::numeric_limits<std::uint32_t>::max()) reader.Fail();
    epoch = {static_cast<std::uint32_t>(number), reader.ReadNumber()};
  }
  if (!is_whole || !reader.is_finished() || !IsRight(epochs)) {
    return DataLoss(
        "log history: expected an identity and epochs, got other "
        "bytes");
  }
  return LogHistory(std::move(identity), std::move(epochs));
}

Status OutsideOfLog(Position got, Position first, Position head) {
  return OutOfRange(
      absl::StrCat("log: expected a position from ",
                   FormatProgress({first.epoch, first.offset - 1}), " to ",
                   FormatProgress(head), ", got ", FormatProgress(got)));
}

}  // namespace streamer
