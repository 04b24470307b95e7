// CoreOptions: the bounds of the state machine. Every one is finite.
#ifndef STREAMER_CORE_OPTIONS_H_
#define STREAMER_CORE_OPTIONS_H_

#include <cstddef>

#include "event/duplicate_window.h"
#include "event/normalizer.h"

namespace streamer {

struct QuotaOptions {
  std::size_t per_gateway = 10'000;
  std::size_t per_tenant = 50'000;
  std::size_t total = 100'000;  // of the node
};

struct CoreOptions {
  QuotaOptions quota;
  DuplicateWindowOptions duplicates;
  NormalizerOptions normalizer;
};

}  // namespace streamer

#endif  // STREAMER_CORE_OPTIONS_H_
