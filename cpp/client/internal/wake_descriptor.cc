#include "client/internal/wake_descriptor.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace streamer {

WakeDescriptor::WakeDescriptor()
    : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw std::system_error(errno, std::system_category(), "eventfd");
  }
}

WakeDescriptor::~WakeDescriptor() { close(descriptor_); }

// Neither can fail in a way that matters: the counter is full when it is
// signalled already, and empty when it is clear already.
void WakeDescriptor::Signal() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof(one));
}

void WakeDescriptor::Clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(descriptor_, &count, sizeof(count));
}

}  // namespace streamer
