// What a ClientSession is told about its service and its manners.
//
// Thread-safety: plain data.
#ifndef STREAMER_CLIENT_CLIENT_SESSION_OPTIONS_H_
#define STREAMER_CLIENT_CLIENT_SESSION_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "base/time.h"
#include "client/session_receiver.h"

namespace streamer {

struct ClientSessionOptions {
  std::string target;  // named in messages
  // How long the first connection may take, over all attempts.
  Duration connect_timeout = std::chrono::seconds(5);
  // How long one attempt may take.
  Duration attempt_timeout = std::chrono::seconds(10);
  Duration heartbeat_interval = std::chrono::seconds(10);
  // Silence after an unanswered heartbeat that counts as a broken stream.
  Duration heartbeat_timeout = std::chrono::seconds(30);
  BackoffOptions backoff;
  std::uint64_t backoff_seed = 0;
  // Set: a session, to be gone on with from there.
  std::optional<SessionPlace> session;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_CLIENT_SESSION_OPTIONS_H_
