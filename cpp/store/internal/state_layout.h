// What lies where in the database of a RocksDbStateStore, and in which form:
//
//   h           → StateHead, changed by every write
//   r kind name → a value
//
// Values carry a version and a checksum that starts from the key.
#ifndef STREAMER_STORE_INTERNAL_STATE_LAYOUT_H_
#define STREAMER_STORE_INTERNAL_STATE_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "store/state_store.h"

namespace streamer::internal {

inline constexpr char kStateHeadKey[] = "h";
inline constexpr char kStateRecordPrefix[] = "r";
inline constexpr char kStateRecordEnd[] = "s";

struct StateHead {
  std::uint64_t owner = 0;
  std::uint64_t revision = 0;
  // Drawn when the state was made: one that was removed and begun anew has
  // another. 0: none was drawn.
  std::uint64_t identity = 0;
};
// Of a state that nobody has owned, and whose first owner is to be that one.
StateHead NewStateHead(std::uint64_t first_owner, std::uint64_t identity = 0);
// A head without an identity has the form of before there were any.
std::string Encode(const StateHead& head);
Result<StateHead> DecodeStateHead(std::string_view bytes);

std::string EncodeStateKey(const StateKey& key);
// DataLoss for a key that is none of ours.
Result<StateKey> DecodeStateKey(std::string_view bytes);

std::string EncodeStateValue(std::string_view key, std::string_view value);
Result<std::string> DecodeStateValue(std::string_view key,
                                     std::string_view bytes);

// Puts the record that lies there into `state`, after all with lesser keys.
// DataLoss, and nothing changes, when it is none of ours or damaged.
Status AddRecord(std::string_view key, std::string_view bytes,
                 StateSnapshot& state);

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_STATE_LAYOUT_H_
