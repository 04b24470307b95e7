#include "store/internal/log_layout.h"

#include "absl/strings/str_cat.h"
#include "store/internal/bytes.h"

namespace streamer::internal {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kOffsetBytes = 8;
constexpr std::size_t kFingerprintBytes = 16;

std::string KeyOf(std::string_view prefix, std::uint64_t offset) {
  std::string key(prefix);
  ByteWriter(key).WriteFixed(offset);
  return key;
}

// Takes checksum and version off `bytes`.
Status OpenMark(std::string_view what, std::uint64_t seed,
                std::string_view& bytes) {
  if (!Unseal(bytes, seed)) {
    return DataLoss(absl::StrCat(std::string(what),
                                 ": expected its checksum, got another"));
  }
  const std::uint8_t version = ByteReader(bytes).ReadByte();
  if (version != kVersion) {
    return DataLoss(absl::StrCat(std::string(what), ": expected version ",
                                 kVersion, ", got version ", version));
  }
  bytes.remove_prefix(1);
  return OkStatus();
}

Status CheckFinished(std::string_view what, const ByteReader& reader) {
  if (reader.is_finished()) return OkStatus();
  return DataLoss(absl::StrCat(std::string(what),
                               ": expected its fields, got other bytes"));
}

}  // namespace

std::string EventKey(std::uint64_t offset) { return KeyOf("", offset); }
std::string AppendKey(std::uint64_t last_offset) {
  return KeyOf(kAppendPrefix, last_offset);
}
std::string SegmentKey(std::uint64_t first_offset) {
  return KeyOf(kSegmentPrefix, first_offset);
}
Result<std::uint64_t> OffsetOf(std::string_view key) {
  if (key.size() < kOffsetBytes) {
    return DataLoss(absl::StrCat("key: expected at least ", kOffsetBytes,
                                 " bytes, got ", key.size()));
  }
  return ByteReader(key.substr(key.size() - kOffsetBytes)).ReadFixed();
}

std::string Encode(const TrimMark& mark) {
  std::string bytes(1, kVersion);
  ByteWriter writer(bytes);
  writer.WriteNumber(mark.first_offset);
  writer.WriteNumber(mark.bytes_before);
  writer.WriteSigned(ToUnixMillis(mark.logged_at));
  Seal(bytes, 0);
  return bytes;
}

Result<TrimMark> DecodeTrimMark(std::string_view bytes) {
  STREAMER_RETURN_IF_ERROR(OpenMark("trim mark", 0, bytes));
  ByteReader reader(bytes);
  TrimMark mark;
  mark.first_offset = reader.ReadNumber();
  mark.bytes_before = reader.ReadNumber();
  mark.logged_at = FromUnixMillis(reader.ReadSigned());
  STREAMER_RETURN_IF_ERROR(CheckFinished("trim mark", reader));
  return mark;
}

std::string Encode(const SegmentMark& mark) {
  std::string bytes(1, kVersion);
  ByteWriter writer(bytes);
  writer.WriteNumber(mark.bytes_before);
  writer.WriteSigned(ToUnixMillis(mark.before_at));
  writer.WriteSigned(ToUnixMillis(mark.begun_at));
  Seal(bytes, mark.first_offset);
  return bytes;
}

Result<SegmentMark> DecodeSegmentMark(std::string_view key,
                                      std::string_view bytes) {
  SegmentMark mark;
  STREAMER_ASSIGN_OR_RETURN(mark.first_offset, OffsetOf(key));
  const std::string what = absl::StrCat("segment mark ", mark.first_offset);
  STREAMER_RETURN_IF_ERROR(OpenMark(what, mark.first_offset, bytes));
  ByteReader reader(bytes);
  mark.bytes_before = reader.ReadNumber();
  mark.before_at = FromUnixMillis(reader.ReadSigned());
  mark.begun_at = FromUnixMillis(reader.ReadSigned());
  STREAMER_RETURN_IF_ERROR(CheckFinished(what, reader));
  return mark;
}

std::string Encode(const AppendMark& mark) {
  std::string bytes(1, kVersion);
  bytes.reserve(32 + mark.fingerprints.size() * kFingerprintBytes +
                mark.markers.size());
  ByteWriter writer(bytes);
  writer.WriteNumber(mark.bytes_through);
  writer.WriteSigned(ToUnixMillis(mark.logged_at));
  writer.WriteNumber(mark.fingerprints.size());
  for (const EventFingerprint& fingerprint : mark.fingerprints) {
    writer.WriteFixed(fingerprint.high);
    writer.WriteFixed(fingerprint.low);
  }
  if (!mark.markers.empty()) writer.WriteText(mark.markers);
  Seal(bytes, mark.last_offset);
  return bytes;
}

Result<AppendMark> DecodeAppendMark(std::string_view key,
                                    std::string_view bytes) {
  AppendMark mark;
  STREAMER_ASSIGN_OR_RETURN(mark.last_offset, OffsetOf(key));
  const std::string what = absl::StrCat("append mark ", mark.last_offset);
  STREAMER_RETURN_IF_ERROR(OpenMark(what, mark.last_offset, bytes));
  ByteReader reader(bytes);
  mark.bytes_through = reader.ReadNumber();
  mark.logged_at = FromUnixMillis(reader.ReadSigned());
  mark.fingerprints.resize(reader.ReadCount(kFingerprintBytes));
  for (EventFingerprint& fingerprint : mark.fingerprints) {
    fingerprint.high = reader.ReadFixed();
    fingerprint.low = reader.ReadFixed();
  }
  if (mark.fingerprints.empty() ||
      mark.fingerprints.size() > mark.last_offset) {
    reader.Fail();
  }
  if (!reader.is_finished()) {
    mark.markers = reader.ReadText();
    if (mark.markers.empty()) reader.Fail();
  }
  STREAMER_RETURN_IF_ERROR(CheckFinished(what, reader));
  return mark;
}

std::string Encode(const UpstreamMarkers& markers) {
  std::string bytes(1, kVersion);
  ByteWriter writer(bytes);
  writer.WriteText(markers.last);
  writer.WriteNumber(markers.by_backend.size());
  for (const auto& [backend, marker] : markers.by_backend) {
    writer.WriteText(backend);
    writer.WriteText(marker);
  }
  Seal(bytes, 0);
  return bytes;
}

Result<UpstreamMarkers> DecodeMarkers(std::string_view bytes) {
  STREAMER_RETURN_IF_ERROR(OpenMark("markers", 0, bytes));
  ByteReader reader(bytes);
  UpstreamMarkers markers;
  markers.last = reader.ReadText();
  for (std::size_t left = reader.ReadCount(2); left > 0; --left) {
    const std::string_view backend = reader.ReadText();
    markers.by_backend[backend] = reader.ReadText();
  }
  STREAMER_RETURN_IF_ERROR(CheckFinished("markers", reader));
  return markers;
}

}  // namespace streamer::internal
