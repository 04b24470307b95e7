#include "transport/internal/uuid.h"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace streamer {
namespace {

// Seeded with 256 bits, so that two processes never walk the same sequence.
std::mt19937_64 MakeGenerator() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(),
                     device(), device(), device(), device()};
  return std::mt19937_64(seed);
}

std::uint64_t RandomBits() {
  thread_local std::mt19937_64 generator = MakeGenerator();
  return generator();
}

}  // namespace

std::string MakeUuid() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  // x: any digit; y: 8, 9, a or b, the variant of RFC 4122.
  std::string uuid = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  std::uint64_t bits = 0;
  int left = 0;
  for (char& digit : uuid) {
    if (digit != 'x' && digit != 'y') continue;
    if (left == 0) {
      bits = RandomBits();
      left = 16;
    }
    const std::uint64_t nibble = bits & 15u;
    digit = kDigits[digit == 'x' ? nibble : 8u + (nibble & 3u)];
    bits >>= 4u;
    --left;
  }
  return uuid;
}

}  // namespace streamer
