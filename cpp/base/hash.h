// The one hash of bytes, and the functor that lets a hash table of
// std::string be searched by std::string_view without a copy.
//
// HashBytes is XXH3: the same on every machine and in every run, so that what
// depends on it (shard of a collection, event identity) survives a restart.
#ifndef STREAMER_BASE_HASH_H_
#define STREAMER_BASE_HASH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace streamer {

// 64 bits of XXH3 over `bytes`, starting from `seed`.
std::uint64_t HashBytes(std::string_view bytes, std::uint64_t seed = 0);

// Mixes `value` into `seed` so that the order of mixing matters. Every bit of
// either reaches the low bits, which tables use: a plain multiplication would
// leave them constant for small doubles, whose low bits are all zero.
inline std::uint64_t MixHash(std::uint64_t seed, std::uint64_t value) {
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(seed * 0x9E3779B97F4A7C15u ^ value ^
                                   0xA0761D6478BD642Fu) *
                 0xE7037ED1A0B428DBu;
  return static_cast<std::uint64_t>(product >> 64) ^
         static_cast<std::uint64_t>(product);
}

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return HashBytes(text);
  }
};

// Text to T, findable by std::string_view. Pointers into it do not survive
// an insertion.
template <typename T>
using TextMap = absl::flat_hash_map<std::string, T, TextHash, std::equal_to<>>;
using TextSet = absl::flat_hash_set<std::string, TextHash, std::equal_to<>>;

}  // namespace streamer

#endif  // STREAMER_BASE_HASH_H_
