#include "service/internal/signals.h"

#include <algorithm>
#include <chrono>

namespace streamer {

SignalWatch::SignalWatch() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int SignalWatch::Wait() {
  int signal = 0;
  sigwait(&signals_, &signal);
  return signal;
}

int SignalWatch::WaitFor(Duration timeout) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timespec limit{.tv_sec = seconds.count(),
                       .tv_nsec = (timeout - seconds).count()};
  return std::max(sigtimedwait(&signals_, nullptr, &limit), 0);
}

}  // namespace streamer
