// FailureLog: a line for each failure of something that is tried again and
// again, when it is another than the one before.
//
// Thread-safety: none; one owner.
#ifndef STREAMER_SERVICE_INTERNAL_FAILURE_LOG_H_
#define STREAMER_SERVICE_INTERNAL_FAILURE_LOG_H_

#include <string>
#include <utility>

#include "base/status.h"

namespace streamer {

class FailureLog {
 public:
  // `message` is what failed, a constant.
  explicit FailureLog(std::string message) : message_(std::move(message)) {}

  // Told what failed last, as often as one likes.
  void Note(const Status& failure);

 private:
  const std::string message_;
  Status logged_;
};

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_FAILURE_LOG_H_
