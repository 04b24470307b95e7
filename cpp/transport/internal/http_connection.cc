#include "transport/internal/http_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <ratio>
#include <shared_mutex>
#include <utility>
#include <variant>

#include "transport/internal/ndjson_ingest.h"
#include "transport/log.h"

namespace streamer {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Parser = http::request_parser<http::buffer_body>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPieceBytes = 64u << 10;
// The largest body of a call of the control plane.
constexpr std::size_t kMaxJsonBytes = 1u << 20;
// How much, and for how long, a closing connection still throws away.
constexpr std::size_t kMaxLingerBytes = 32u << 20;
constexpr std::chrono::seconds kLingerTime(2);
// A body that comes more slowly is given up.
constexpr std::size_t kLeastBytesPerSecond = 1u << 10;
// How often a wait for the pipeline looks whether the service is draining.
constexpr std::chrono::milliseconds kBlockedCheck(100);

std::string_view View(beast::string_view text) {
  return {text.data(), text.size()};
}

WallTime Now() {
  return std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::system_clock::now());
}

// The bytes that one request has in memory, out of what all may have.
class BufferedBytes {
 public:
  explicit BufferedBytes(HttpService& service) : service_(service) {}
  ~BufferedBytes() { service_.buffered -= bytes_; }
  BufferedBytes(const BufferedBytes&) = delete;
  BufferedBytes& operator=(const BufferedBytes&) = delete;

  // Whether all together stay within the limit.
  bool Set(std::size_t bytes) {
    // Unsigned arithmetic: a negative difference wraps around twice.
    const std::size_t all = service_.buffered +=
        bytes - std::exchange(bytes_, bytes);
    return all <= service_.options.max_buffered_bytes;
  }

 private:
  HttpService& service_;
  std::size_t bytes_ = 0;
};

// Adds one to a count for as long as it lives.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count) {
    ++count_;
  }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<std::size_t>& count_;
};

constexpr char kNotReady[] =
    "expected the service to be ready, got one that is not";

// One wait for the engine. Touched on its connection's strand only.
struct EngineWait {
  explicit EngineWait(const asio::any_io_executor& executor)
      : timer(executor) {}
  asio::steady_timer timer;
  bool is_over = false;
};

// Called by a thread of the engine, perhaps long after the server has gone.
void WakeUp(HttpService& service, const std::weak_ptr<EngineWait>& waiting) {
  const std::lock_guard lock(service.wake_mutex);
  if (service.is_stopped) return;
  const std::shared_ptr<EngineWait> wait = waiting.lock();
  if (wait == nullptr) return;
  asio::post(wait->timer.get_executor(), [wait] {
    wait->is_over = true;
    wait->timer.cancel();
  });
}

// Takes what the engine answers to a call, and wakes up who waits for it.
class AnswerSink final : public GatewaySink {
 public:
  AnswerSink(std::shared_ptr<HttpService> service,
             std::weak_ptr<EngineWait> wait)
      : service_(std::move(service)), wait_(std::move(wait)) {}

  void OnEffects(std::vector<GatewayEffect> effects) override {
    {
      const std::lock_guard lock(mutex_);
      if (answer_) return;
      answer_ = std::move(effects.front());
    }
    WakeUp(*service_, wait_);
  }
  std::optional<GatewayEffect> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }

 private:
  const std::shared_ptr<HttpService> service_;
  const std::weak_ptr<EngineWait> wait_;
  std::mutex mutex_;
  std::optional<GatewayEffect> answer_;  // guarded by mutex_
};

class HttpConnection {
 public:
  HttpConnection(asio::ip::tcp::socket socket,
                 std::shared_ptr<HttpService> service)
      : stream_(std::move(socket)),
        service_(std::move(service)),
        buffer_(service_->options.max_header_bytes + 2 * kPieceBytes),
        counted_(service_->connections) {}

  asio::awaitable<void> Run() {
    if (service_->connections > service_->options.max_connections) {
      co_await Respond(TooManyConnections(), kClose);
      co_return co_await Linger();
    }
    bool is_first = true;
    while (co_await ServeRequest(is_first)) is_first = false;
    co_await Linger();
  }

 private:
  enum Persistence : bool { kClose = false, kKeepAlive = true };

  // Serves one request. Whether another may follow.
  asio::awaitable<bool> ServeRequest(bool is_first) {
    request_ = {};
    parser_.emplace();
    parser_->header_limit(
        static_cast<std::uint32_t>(service_->options.max_header_bytes));
    parser_->body_limit(service_->options.max_body_bytes);
    error_code error;
    stream_.expires_after(is_first ? service_->options.peer_timeout
                                   : service_->options.idle_timeout);
    co_await http::async_read_header(
        stream_, buffer_, *parser_,
        asio::redirect_error(asio::use_awaitable, error));
    const Counted under_way(service_->requests);
    if (error) co_return co_await RefuseHeader(error);
    GiveTime();
    request_.method = View(parser_->get().method_string());
    request_.content_type = View(parser_->get()[http::field::content_type]);
    std::variant<const HttpRoute*, HttpResponse> found = FindRoute();
    if (auto* refusal = std::get_if<HttpResponse>(&found)) {
      co_return co_await RespondBeforeBody(std::move(*refusal));
    }
    const HttpRoute& route = *std::get<const HttpRoute*>(found);
    if (!co_await Continue100()) co_return false;
    if (route.body == RequestBody::kEvents) co_return co_await ServeEvents();
    co_return co_await ServeWhole(route);
  }

  // The route, or why the request is refused by its head alone.
  std::variant<const HttpRoute*, HttpResponse> FindRoute() {
    const Result<HttpTarget> target =
        ParseTarget(View(parser_->get().target()));
    if (!target.ok()) return ProblemResponse(400, MessageOf(target.status()));
    request_.target = *target;
    auto found = service_->routes.Find(request_.method, request_.target.path);
    if (std::holds_alternative<HttpResponse>(found)) return found;
    const HttpRoute& route = *std::get<const HttpRoute*>(found);
    const BodyHeader header{
        .content_type = request_.content_type,
        .content_encoding = View(parser_->get()[http::field::content_encoding]),
        .has_length =
            parser_->content_length().has_value() || parser_->chunked()};
    if (auto refusal = HttpRoutes::CheckBody(route, header)) return *refusal;
    const bool is_for_engine =
        route.body == RequestBody::kEvents || route.manage != nullptr;
    if (is_for_engine && !TakesEvents(service_->phase)) {
      return ProblemResponse(503, kNotReady);
    }
    const std::string_view expect = View(parser_->get()[http::field::expect]);
    const bool is_known =
        beast::iequals({expect.data(), expect.size()}, "100-continue");
    if (expect.empty() || is_known) return found;
    return ProblemResponse(417, "Expect: expected 100-continue, got \"" +
                                    std::string(expect) + "\"");
  }

  asio::awaitable<bool> RefuseHeader(error_code error) {
    const HttpServerOptions& options = service_->options;
    if (error == http::error::header_limit) {
      co_return co_await Respond(
          ProblemResponse(431, "expected a header of at most " +
                                   std::to_string(options.max_header_bytes) +
                                   " bytes, got more"),
          kClose);
    }
    if (error == http::error::body_limit) {
      co_return co_await Respond(TooLarge(options.max_body_bytes), kClose);
    }
    // What is left of beast's errors says that this was no HTTP; the others
    // say that the peer is gone, or idle for too long.
    if (error.category() !=
            make_error_code(http::error::bad_method).category() ||
        error == http::error::end_of_stream ||
        error == http::error::partial_message) {
      co_return false;
    }
    co_return co_await Respond(
        ProblemResponse(400, "expected an HTTP/1.1 request, got one with " +
                                 error.message()),
        kClose);
  }

  // The peer waits for this before it sends the body.
  asio::awaitable<bool> Continue100() {
    if (parser_->get()[http::field::expect].empty() || parser_->is_done()) {
      co_return true;
    }
    http::response<http::empty_body> response(http::status::continue_, 11);
    co_return co_await Send(response);
  }

  asio::awaitable<bool> ServeWhole(const HttpRoute& route) {
    BufferedBytes buffered(*service_);
    while (!parser_->is_done()) {
      error_code error = co_await ReadPiece();
      if (!error && request_.body.size() + piece_size_ > kMaxJsonBytes) {
        error = make_error_code(http::error::body_limit);
      }
      if (error == http::error::body_limit) {
        co_return co_await RespondBeforeBody(TooLarge(kMaxJsonBytes));
      }
      if (error) co_return co_await RefuseHeader(error);
      if (!buffered.Set(request_.body.size() + piece_size_)) {
        co_return co_await RespondBeforeBody(ProblemResponse(503, Crowded()));
      }
      request_.body.append(piece_.data(), piece_size_);
    }
    Management answer = Answer(route);
    if (auto* call = std::get_if<ManagementCall>(&answer)) {
      answer = co_await Manage(std::move(*call));
    }
    co_return co_await Respond(std::get<HttpResponse>(std::move(answer)),
                               WantedPersistence());
  }

  // The service has so long to save a change; what comes later is nobody's.
  asio::awaitable<HttpResponse> Manage(ManagementCall call) {
    const auto wait = std::make_shared<EngineWait>(stream_.get_executor());
    const auto sink = std::make_shared<AnswerSink>(service_, wait);
    const GatewayHandle caller =
        service_->engine.Manage(std::move(call.command), sink);
    if (caller == GatewayHandle()) co_return ProblemResponse(503, kNotReady);
    stream_.expires_never();
    if (!wait->is_over) {
      wait->timer.expires_after(service_->options.answer_timeout);
      error_code error;
      co_await wait->timer.async_wait(
          asio::redirect_error(asio::use_awaitable, error));
    }
    service_->engine.Disconnect(caller);
    const std::optional<GatewayEffect> answer = sink->Take();
    if (answer) co_return call.answer(*answer);
    co_return ProblemResponse(
        503,
        "expected the change to be saved by now, got no answer; it may "
        "have been made");
  }

  [[nodiscard]] Management Answer(const HttpRoute& route) const {
    try {
      if (route.manage != nullptr) return route.manage(request_);
      return route.answer(request_);
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "request failed",
          {{"method", request_.method},
           {"path", request_.target.path},
           {"reason", error.what()}});
      return ProblemResponse(
          500, "expected to answer, got a failure that the log names");
    }
  }

  // A bad line ends the taking, not the reading: the rest is passed over, so
  // that the connection stays in step and the answer arrives.
  asio::awaitable<bool> ServeEvents() {
    NdjsonIngest ingest(service_->engine, Now);
    // beast reads as much as there is room for, and 512 bytes when there is
    // none; and each piece of the body is an append, with a wait for the disk.
    buffer_.reserve(kPieceBytes);
    BufferedBytes buffered(*service_);
    bool has_failed = false;
    while (!parser_->is_done()) {
      const error_code error = co_await ReadPiece();
      if (error == http::error::body_limit) {
        ingest.Fail(413, "expected a body of at most " +
                             std::to_string(service_->options.max_body_bytes) +
                             " bytes, got more");
        co_return co_await RespondBeforeBody(ingest.Response());
      }
      if (error) co_return co_await RefuseHeader(error);
      if (has_failed) continue;
      const std::string_view bytes(piece_.data(), piece_size_);
      const bool has_room = buffered.Set(ingest.buffered_bytes() + piece_size_);
      if (!has_room) ingest.Fail(503, Crowded());
      has_failed = !co_await Finish(ingest, [&] { return ingest.Take(bytes); });
      buffered.Set(ingest.buffered_bytes());
    }
    if (!has_failed) {
      co_await Finish(ingest, [&] { return ingest.End(); });
      buffered.Set(ingest.buffered_bytes());
    }
    HttpResponse response = ingest.Response();
    co_return co_await Respond(std::move(response), WantedPersistence());
  }

  // Does `step` of `ingest`, and goes on as long as the pipeline is full.
  // Whether more may be taken.
  template <typename Step>
  asio::awaitable<bool> Finish(NdjsonIngest& ingest, Step step) {
    NdjsonIngest::State state = WhileReady(ingest, step);
    while (state == NdjsonIngest::State::kBlocked) {
      co_await WaitIngestible();
      GiveTime();
      state = WhileReady(ingest, [&] { return ingest.Continue(); });
    }
    co_return state == NdjsonIngest::State::kMore;
  }

  // An event that is accepted is delivered before a drain ends the streams, so
  // none may be accepted once it has begun.
  template <typename Step>
  NdjsonIngest::State WhileReady(NdjsonIngest& ingest, Step step) {
    const std::shared_lock lock(service_->phase_mutex);
    if (TakesEvents(service_->phase)) return step();
    ingest.Fail(503, kNotReady);
    return NdjsonIngest::State::kFailed;
  }

  // Until the engine takes events again, or the service no longer does.
  asio::awaitable<void> WaitIngestible() {
    const auto wait = std::make_shared<EngineWait>(stream_.get_executor());
    service_->engine.WhenIngestible(
        [service = service_, wait = std::weak_ptr(wait)] {
          WakeUp(*service, wait);
        });
    stream_.expires_never();
    while (!wait->is_over && TakesEvents(service_->phase)) {
      wait->timer.expires_after(kBlockedCheck);
      error_code error;
      co_await wait->timer.async_wait(
          asio::redirect_error(asio::use_awaitable, error));
    }
  }

  // The peer has `peer_timeout` for the next piece of a body, whatever it sent
  // before.
  void GiveTime() { body_due_ = Clock::now() + service_->options.peer_timeout; }

  // What comes earns time for the rest. Without this, a byte every now and
  // then would hold the connection for as long as the peer likes.
  void EarnTime(std::size_t bytes) {
    const auto earned = std::chrono::microseconds(bytes * std::micro::den /
                                                  kLeastBytesPerSecond);
    body_due_ = std::min(body_due_ + earned,
                         Clock::now() + service_->options.peer_timeout);
  }

  // The next piece of the body, into piece_.
  asio::awaitable<error_code> ReadPiece() {
    piece_.resize(kPieceBytes);
    auto& body = parser_->get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    error_code error;
    stream_.expires_at(body_due_);
    co_await http::async_read_some(
        stream_, buffer_, *parser_,
        asio::redirect_error(asio::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
    piece_size_ = piece_.size() - body.size;
    EarnTime(piece_size_);
    co_return error;
  }

  [[nodiscard]] Persistence WantedPersistence() const {
    const bool is_draining = service_->phase == ServicePhase::kDraining;
    return parser_->keep_alive() && !is_draining ? kKeepAlive : kClose;
  }

  // Answers a request whose body, if it has one, is not read.
  asio::awaitable<bool> RespondBeforeBody(HttpResponse response) {
    const Persistence persistence =
        parser_->is_done() ? WantedPersistence() : kClose;
    co_return co_await Respond(std::move(response), persistence);
  }

  asio::awaitable<bool> Respond(HttpResponse response,
                                Persistence persistence) {
    http::response<http::string_body> message(
        static_cast<http::status>(response.status), 11);
    message.set(http::field::server, "streamerd");
    if (!response.content_type.empty()) {
      message.set(http::field::content_type, response.content_type);
    }
    for (const auto& [name, value] : response.fields) message.set(name, value);
    message.keep_alive(persistence == kKeepAlive);
    message.body() = std::move(response.body);
    if (response.status != 204) message.prepare_payload();
    if (request_.method == "HEAD") {
      // The fields are those of the body that GET would get.
      http::response<http::empty_body> head(std::move(message.base()));
      co_return co_await Send(head) && persistence == kKeepAlive;
    }
    co_return co_await Send(message) && persistence == kKeepAlive;
  }

  // Whether the peer took it.
  template <typename Body>
  asio::awaitable<bool> Send(http::response<Body>& message) {
    error_code error;
    stream_.expires_after(service_->options.peer_timeout);
    co_await http::async_write(
        stream_, message, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  // Closing a socket that holds unread bytes resets it, and the peer may lose
  // the answer over that. So the rest is read first, for a while.
  asio::awaitable<void> Linger() {
    error_code error;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    piece_.resize(kPieceBytes);
    stream_.expires_after(kLingerTime);
    std::size_t read = 0;
    while (!error && read < kMaxLingerBytes) {
      read += co_await stream_.async_read_some(
          asio::buffer(piece_),
          asio::redirect_error(asio::use_awaitable, error));
    }
  }

  static HttpResponse TooLarge(std::size_t limit) {
    return ProblemResponse(413, "expected a body of at most " +
                                    std::to_string(limit) + " bytes, got more");
  }

  [[nodiscard]] std::string Crowded() const {
    return "expected bodies of at most " +
           std::to_string(service_->options.max_buffered_bytes) +
           " bytes in memory, on all connections together, got more";
  }

  [[nodiscard]] HttpResponse TooManyConnections() const {
    return ProblemResponse(
        503, "expected at most " +
                 std::to_string(service_->options.max_connections) +
                 " connections, got one more");
  }

  beast::tcp_stream stream_;
  std::shared_ptr<HttpService> service_;
  beast::flat_buffer buffer_;
  Counted counted_;
  std::optional<Parser> parser_;
  HttpRequest request_;
  std::vector<char> piece_;
  std::size_t piece_size_ = 0;
  Clock::time_point body_due_;
};

asio::awaitable<void> ServeConnection(asio::ip::tcp::socket socket,
                                      std::shared_ptr<HttpService> service) {
  HttpConnection connection(std::move(socket), std::move(service));
  co_await connection.Run();
}

}  // namespace

void StartConnection(asio::ip::tcp::socket socket,
                     std::shared_ptr<HttpService> service) {
  const auto executor = socket.get_executor();
  asio::co_spawn(executor,
                 ServeConnection(std::move(socket), std::move(service)),
                 asio::detached);
}

}  // namespace streamer
