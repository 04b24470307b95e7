// PendingAnswer: where another thread puts the answer to a question, once.
//
// Thread-safety: one thread waits for the future, one gives.
#ifndef STREAMER_RUNTIME_INTERNAL_PENDING_ANSWER_H_
#define STREAMER_RUNTIME_INTERNAL_PENDING_ANSWER_H_

#include <future>
#include <string>
#include <utility>

namespace streamer::internal {

// A question that nobody comes to any more is
// answered with nothing.
class PendingAnswer {
 public:
  PendingAnswer() = default;
  ~PendingAnswer() {
    if (!is_given_) promise_.set_value({});
  }
  PendingAnswer(const PendingAnswer&) = delete;
  PendingAnswer& operator=(const PendingAnswer&) = delete;

  [[nodiscard]] std::future<std::string> future() {
    return promise_.get_future();
  }
  void Give(std::string answer) {
    is_given_ = true;
    promise_.set_value(std::move(answer));
  }

 private:
  std::promise<std::string> promise_;
  bool is_given_ = false;
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_PENDING_ANSWER_H_
