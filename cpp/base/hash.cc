#include "base/hash.h"

// Inlined, so that hashing a short key costs no call into a shared library.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace streamer {

std::uint64_t HashBytes(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace streamer
