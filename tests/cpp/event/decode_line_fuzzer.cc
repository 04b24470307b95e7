// Any line sent to POST /v1/events: an event, or an InvalidArgument that says
// why; and what is taken can be read again as the filter sees it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "event/decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto event = streamer::DecodeLine(line, streamer::WallTime{});
  if (!event.ok() && streamer::MessageOf(event.status()).empty()) std::abort();
  return 0;
}
