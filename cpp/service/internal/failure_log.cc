#include "service/internal/failure_log.h"

#include "transport/log.h"

namespace streamer {

void FailureLog::Note(const Status& failure) {
  if (failure.ok() || failure == logged_) return;
  logged_ = failure;
  Log(LogLevel::kWarning, message_,
      {{"reason", std::string_view(MessageOf(failure))}});
}

}  // namespace streamer
