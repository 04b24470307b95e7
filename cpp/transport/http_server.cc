#include "transport/http_server.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "transport/internal/http_connection.h"
#include "transport/log.h"

namespace streamer {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// After a failure to accept (out of descriptors), before the next attempt.
constexpr std::chrono::milliseconds kAcceptPause(100);
// How often Shutdown looks whether the last request was answered.
constexpr std::chrono::milliseconds kShutdownCheck(2);

Result<tcp::endpoint> ReadEndpoint(const HttpServerOptions& options) {
  error_code error;
  const asio::ip::address address =
      asio::ip::make_address(options.listen, error);
  if (error) {
    return InvalidArgument("http: expected an IP address to listen on, got \"" +
                           options.listen + "\"");
  }
  return tcp::endpoint(address, static_cast<std::uint16_t>(options.port));
}

Status Listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint,
              const HttpServerOptions& options) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) {
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return OkStatus();
  return Unavailable("http: expected to listen on " + options.listen + ":" +
                     std::to_string(options.port) + ", got \"" +
                     error.message() + "\"");
}

asio::awaitable<void> Pause(asio::io_context& context) {
  asio::steady_timer timer(context, kAcceptPause);
  error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> AcceptAll(asio::io_context& context,
                                tcp::acceptor& acceptor,
                                std::shared_ptr<HttpService> service) {
  while (acceptor.is_open()) {
    tcp::socket socket(asio::make_strand(context));
    error_code error;
    co_await acceptor.async_accept(
        socket, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      Log(LogLevel::kWarning, "cannot accept a connection",
          {{"transport", "http"}, {"reason", error.message()}});
      co_await Pause(context);
      continue;
    }
    // Past twice the limit a connection is not even told why.
    if (service->connections > 2 * service->options.max_connections) continue;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    StartConnection(std::move(socket), service);
  }
}

}  // namespace

struct HttpServer::State {
  State(const HttpServerOptions& options, Engine& engine,
        const Metrics& metrics)
      : service(std::make_shared<HttpService>(options, engine, metrics)),
        context(static_cast<int>(options.threads)),
        acceptor(asio::make_strand(context)) {}

  std::shared_ptr<HttpService> service;
  asio::io_context context;
  tcp::acceptor acceptor;
  int port = 0;
  std::vector<std::thread> threads;
};

HttpServer::HttpServer(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

HttpServer::~HttpServer() { Shutdown(Duration::zero()); }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(
    const HttpServerOptions& options, Engine& engine, const Metrics& metrics) {
  STREAMER_ASSIGN_OR_RETURN(const tcp::endpoint endpoint,
                            ReadEndpoint(options));
  auto state = std::make_unique<State>(options, engine, metrics);
  STREAMER_RETURN_IF_ERROR(Listen(state->acceptor, endpoint, options));
  state->port = state->acceptor.local_endpoint().port();
  asio::co_spawn(state->acceptor.get_executor(),
                 AcceptAll(state->context, state->acceptor, state->service),
                 asio::detached);
  for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i) {
    state->threads.emplace_back([&context = state->context] { context.run(); });
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

int HttpServer::port() const { return state_->port; }

void HttpServer::SetPhase(ServicePhase phase) {
  // Said first: who is let in by turns, as those are who take events, would
  // otherwise keep out for ever who waits for all of them to leave.
  state_->service->phase.store(phase);
  const std::unique_lock they_have_left(state_->service->phase_mutex);
}

void HttpServer::Shutdown(Duration grace) {
  if (state_->threads.empty()) return;
  asio::post(state_->acceptor.get_executor(), [this] {
    error_code ignored;
    state_->acceptor.close(ignored);
  });
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (state_->service->requests > 0 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kShutdownCheck);
  }
  {
    const std::lock_guard lock(state_->service->wake_mutex);
    state_->service->is_stopped = true;
  }
  state_->context.stop();
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
}

}  // namespace streamer
