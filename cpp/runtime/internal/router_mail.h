// RouterMail: all that reaches the router's thread.
//
// Thread-safety: plain data.
#ifndef STREAMER_RUNTIME_INTERNAL_ROUTER_MAIL_H_
#define STREAMER_RUNTIME_INTERNAL_ROUTER_MAIL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "core/sequenced.h"
#include "event/position.h"
#include "runtime/internal/saver.h"

namespace streamer::internal {

struct GrantCredit {
  GatewayHandle gateway;
  std::size_t deliveries;
};
struct Acknowledgement {
  GatewayHandle gateway;
  std::uint64_t sequence;
  std::function<void()> taken;  // may be empty
};
// Time to save progress, now or if it is due.
struct SaveProgress {
  Position horizon;
  bool must = false;
};
// A sender of steps or results will send no more.
struct EndOfMail {};
using RouterMail =
    std::variant<RouterStep, ShardResult, GrantCredit, Acknowledgement,
                 SaveProgress, Saver::Outcome, EndOfMail>;

template <typename T>
void AppendMail(std::vector<T>& from, std::vector<RouterMail>& mail) {
  mail.reserve(mail.size() + from.size());
  for (T& one : from) mail.emplace_back(std::move(one));
  from.clear();
}

// Whether the router can do nothing about the step, nor about any after it,
// until a shard has sent its result: then it need not be woken for it.
inline bool AwaitsResult(const RouterStep& step) {
  return AwaitedResults(step) > 0;
}

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_ROUTER_MAIL_H_
