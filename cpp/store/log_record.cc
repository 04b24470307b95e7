#include "store/log_record.h"

#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/internal/bytes.h"

namespace streamer {
namespace {

using internal::ByteReader;
using internal::ByteWriter;

constexpr std::uint8_t kVersion = 1;

// The second byte: two bits of operation, then these.
constexpr std::uint8_t kOperationBits = 0x03;
constexpr std::uint8_t kIsStored = 0x04;
constexpr std::uint8_t kIsDeleted = 0x08;
constexpr std::uint8_t kWasDeleted = 0x10;
constexpr std::uint8_t kHasVersion = 0x20;
constexpr std::uint8_t kHasClusterTime = 0x40;
constexpr std::uint8_t kIsLoss = 0x80;

std::uint8_t FlagsOf(const SourceEvent& event) {
  auto flags = static_cast<std::uint8_t>(event.operation);
  if (event.form == BodyForm::kStored) flags |= kIsStored;
  if (event.is_deleted) flags |= kIsDeleted;
  if (event.was_deleted) flags |= kWasDeleted;
  if (event.version) flags |= kHasVersion;
  if (event.cluster_time) flags |= kHasClusterTime;
  if (event.loss != nullptr) flags |= kIsLoss;
  return flags;
}

void ReadFlags(std::uint8_t flags, SourceEvent& event) {
  event.operation = static_cast<SourceOperation>(flags & kOperationBits);
  event.form = (flags & kIsStored) != 0 ? BodyForm::kStored : BodyForm::kPlain;
  event.is_deleted = (flags & kIsDeleted) != 0;
  event.was_deleted = (flags & kWasDeleted) != 0;
}

std::uint32_t ReadShortNumber(ByteReader& reader) {
  const std::uint64_t number = reader.ReadNumber();
  if (number > std::numeric_limits<std::uint32_t>::max()) reader.Fail();
  return static_cast<std::uint32_t>(number);
}

void ReadNumbers(ByteReader& reader, std::uint8_t flags, LogRecord& record) {
  record.logged_at.wall = FromUnixMillis(reader.ReadSigned());
  record.logged_at.monotonic = MonotonicTime(Duration(reader.ReadSigned()));
  SourceEvent& event = record.event;
  event.timestamp = FromUnixMillis(reader.ReadSigned());
  if ((flags & kHasVersion) != 0) event.version = reader.ReadSigned();
  if ((flags & kHasClusterTime) != 0) {
    ClusterTime& time = event.cluster_time.emplace();
    time.seconds = ReadShortNumber(reader);
    time.increment = ReadShortNumber(reader);
  }
}

void WriteNumbers(const SourceEvent& event, Instant logged_at,
                  ByteWriter& writer) {
  writer.WriteSigned(ToUnixMillis(logged_at.wall));
  writer.WriteSigned(logged_at.monotonic.time_since_epoch().count());
  writer.WriteSigned(ToUnixMillis(event.timestamp));
  if (event.version) writer.WriteSigned(*event.version);
  if (event.cluster_time) {
    writer.WriteNumber(event.cluster_time->seconds);
    writer.WriteNumber(event.cluster_time->increment);
  }
}

// Calls `visit` with each text of an event, in the order of the record.
template <typename Event, typename Visit>
void VisitTexts(Event& event, const Visit& visit) {
  visit(event.backend);
  visit(event.event_id);
  visit(event.tenant);
  visit(event.collection);
  visit(event.document_id);
  visit(event.stored_key);
  visit(event.document);
  visit(event.before);
  visit(event.upstream_marker);
}

void WriteLoss(const SourceLoss& loss, ByteWriter& writer) {
  writer.WriteByte(static_cast<std::uint8_t>(loss.kind));
  writer.WriteText(loss.from);
  writer.WriteText(loss.to);
  writer.WriteText(loss.reason);
}

std::shared_ptr<const SourceLoss> ReadLoss(ByteReader& reader) {
  SourceLoss loss;
  const std::uint8_t kind = reader.ReadByte();
  if (kind > static_cast<std::uint8_t>(SourceLoss::Kind::kUnreadable)) {
    reader.Fail();
  }
  loss.kind = static_cast<SourceLoss::Kind>(kind);
  loss.from = reader.ReadText();
  loss.to = reader.ReadText();
  loss.reason = reader.ReadText();
  return std::make_shared<const SourceLoss>(std::move(loss));
}

Status Damaged(std::uint64_t offset, std::string_view expected,
               std::string_view got) {
  return DataLoss(absl::StrCat("log record ", offset, ": expected ",
                               std::string(expected), ", got ",
                               std::string(got)));
}

}  // namespace

void EncodeLogRecord(const SourceEvent& event, Instant logged_at,
                     std::uint64_t offset, std::string& bytes) {
  bytes.clear();
  ByteWriter writer(bytes);
  writer.WriteByte(kVersion);
  writer.WriteByte(FlagsOf(event));
  WriteNumbers(event, logged_at, writer);
  VisitTexts(event, [&](const std::string& text) { writer.WriteText(text); });
  if (event.loss != nullptr) WriteLoss(*event.loss, writer);
  internal::Seal(bytes, offset);
}

Result<LogRecord> DecodeLogRecord(std::string_view bytes,
                                  std::uint64_t offset) {
  if (!internal::Unseal(bytes, offset)) {
    return Damaged(offset, "its checksum", "another");
  }
  ByteReader reader(bytes);
  if (std::uint8_t version = reader.ReadByte(); version != kVersion) {
    return Damaged(offset, absl::StrCat("version ", kVersion),
                   absl::StrCat("version ", version));
  }
  LogRecord record;
  const std::uint8_t flags = reader.ReadByte();
  ReadFlags(flags, record.event);
  ReadNumbers(reader, flags, record);
  VisitTexts(record.event,
             [&](std::string& text) { text = reader.ReadText(); });
  if ((flags & kIsLoss) != 0) record.event.loss = ReadLoss(reader);
  if (!reader.is_finished()) {
    return Damaged(offset, "the fields of an event", "other bytes");
  }
  return record;
}

}  // namespace streamer
