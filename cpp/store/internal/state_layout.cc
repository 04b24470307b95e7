#include "store/internal/state_layout.h"

#include <utility>

#include "base/hash.h"
#include "store/internal/bytes.h"

namespace streamer::internal {
namespace {

constexpr std::uint8_t kVersion = 1;
// Of a head with an identity.
constexpr std::uint8_t kIdentityVersion = 2;
// 'r' and the kind.
constexpr std::size_t kNameBegin = 2;

bool IsKind(char byte) {
  return byte >= static_cast<char>(StateKind::kLog) &&
         byte <= static_cast<char>(kLastStateKind);
}

}  // namespace

StateHead NewStateHead(std::uint64_t first_owner, std::uint64_t identity) {
  return {first_owner - 1, 0, identity};
}

std::string Encode(const StateHead& head) {
  std::string bytes(1, head.identity == 0 ? kVersion : kIdentityVersion);
  ByteWriter writer(bytes);
  writer.WriteNumber(head.owner);
  writer.WriteNumber(head.revision);
  if (head.identity != 0) writer.WriteNumber(head.identity);
  Seal(bytes, 0);
  return bytes;
}

Result<StateHead> DecodeStateHead(std::string_view bytes) {
  bool is_whole = Unseal(bytes, 0);
  ByteReader reader(bytes);
  const std::uint8_t version = reader.ReadByte();
  StateHead head;
  head.owner = reader.ReadNumber();
  head.revision = reader.ReadNumber();
  if (version == kIdentityVersion) head.identity = reader.ReadNumber();
  // One form only: an identity is never 0.
  is_whole =
      is_whole && version == (head.identity == 0 ? kVersion : kIdentityVersion);
  if (is_whole && reader.is_finished()) return head;
  return DataLoss("expected owner and revision, got other bytes");
}

std::string EncodeStateKey(const StateKey& key) {
  std::string bytes = kStateRecordPrefix;
  bytes.push_back(static_cast<char>(key.kind));
  return bytes.append(key.name);
}

Result<StateKey> DecodeStateKey(std::string_view bytes) {
  if (bytes.size() < kNameBegin || !IsKind(bytes[kNameBegin - 1])) {
    return DataLoss("expected the key of a record, got other bytes");
  }
  return StateKey{static_cast<StateKind>(bytes[kNameBegin - 1]),
                  std::string(bytes.substr(kNameBegin))};
}

std::string EncodeStateValue(std::string_view key, std::string_view value) {
  std::string bytes(1, kVersion);
  bytes.append(value);
  Seal(bytes, HashBytes(key));
  return bytes;
}

Result<std::string> DecodeStateValue(std::string_view key,
                                     std::string_view bytes) {
  if (!Unseal(bytes, HashBytes(key)) || bytes.empty() ||
      bytes.front() != kVersion) {
    return DataLoss("expected the value of a record, got other bytes");
  }
  return std::string(bytes.substr(1));
}

Status AddRecord(std::string_view key, std::string_view bytes,
                 StateSnapshot& state) {
  STREAMER_ASSIGN_OR_RETURN(StateKey state_key, DecodeStateKey(key));
  STREAMER_ASSIGN_OR_RETURN(std::string value, DecodeStateValue(key, bytes));
  state.records.emplace_hint(state.records.end(), std::move(state_key),
                             std::move(value));
  return OkStatus();
}

}  // namespace streamer::internal
