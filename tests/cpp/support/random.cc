#include "support/random.h"

#include <cstdlib>

#include "base/hash.h"

namespace streamer::support {

std::uint64_t SeedOf(std::string_view name) {
  const char* wanted = std::getenv("STREAMER_TEST_SEED");
  if (wanted != nullptr) return std::strtoull(wanted, nullptr, 10);
  return HashBytes(name) % 1'000'000;
}

std::string Random::seed_note() const {
  return "replay with STREAMER_TEST_SEED=" + std::to_string(seed_);
}

}  // namespace streamer::support
