// HttpConnection: one client's connection, from its first request to its end,
// as a coroutine.
//
// Requests follow one another on the connection (keep-alive). A request whose
// head is refused is answered before its body is read; the connection is then
// closed, after a short while in which what the peer still sends is thrown
// away, so that it gets to read the answer.
//
// Thread-safety: a connection runs on its own strand.
#ifndef STREAMER_TRANSPORT_INTERNAL_HTTP_CONNECTION_H_
#define STREAMER_TRANSPORT_INTERNAL_HTTP_CONNECTION_H_

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "runtime/engine.h"
#include "transport/http_server.h"
#include "transport/internal/http_routes.h"

namespace streamer {

// What the connections of a server share.
struct HttpService {
  HttpService(const HttpServerOptions& server_options, Engine& core,
              const Metrics& metrics)
      : options(server_options),
        engine(core),
        routes(options, core, metrics, phase) {}

  const HttpServerOptions options;
  Engine& engine;
  std::atomic<ServicePhase> phase = ServicePhase::kStarting;
  // Shared by who takes events; who changed the phase waits for those who may
  // not have seen it.
  std::shared_mutex phase_mutex;
  const HttpRoutes routes;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> requests = 0;  // under way
  std::atomic<std::size_t> buffered = 0;  // bytes of bodies in memory

  // Guards the executors of the connections against calls that come from the
  // engine after they have gone.
  std::mutex wake_mutex;
  bool is_stopped = false;
};

// Serves `socket` on its executor until it is closed. Returns at once.
void StartConnection(boost::asio::ip::tcp::socket socket,
                     std::shared_ptr<HttpService> service);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_HTTP_CONNECTION_H_
