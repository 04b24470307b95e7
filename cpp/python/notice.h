// Notice: what a gateway is told without having asked, deliveries apart.
//
// Thread-safety: plain data.
#ifndef STREAMER_PYTHON_NOTICE_H_
#define STREAMER_PYTHON_NOTICE_H_

#include <string>
#include <variant>

#include "core/effects.h"

namespace streamer::python {

struct Notice {
  std::string gateway;
  std::variant<SubscriptionClosed, ResyncRequired, GatewayClosed> what;
};

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_NOTICE_H_
