#include "e2e/source.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamer::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::milliseconds kTick(1);

[[noreturn]] void Fail(const std::string& reason) {
  std::cerr << "e2e_load: ingest: " << reason << '\n';
  std::exit(1);
}

}  // namespace

std::int64_t ToNs(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             time.time_since_epoch())
      .count();
}

class Source::Connection {
 public:
  Connection(asio::io_context& context, int port) : socket_(context) {
    asio::ip::tcp::resolver resolver(context);
    asio::connect(socket_, resolver.resolve("127.0.0.1", std::to_string(port)));
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  [[nodiscard]] bool is_idle() const { return is_idle_; }

  void Send(std::string body) {
    http::request<http::string_body> request(http::verb::post, "/v1/events",
                                             11);
    request.set(http::field::host, "127.0.0.1");
    request.set(http::field::content_type, "application/x-ndjson");
    request.body() = std::move(body);
    request.prepare_payload();
    http::write(socket_, request);
    is_idle_ = false;
    response_ = {};
    http::async_read(
        socket_, buffer_, response_,
        [this](error_code error, std::size_t) { OnAnswer(error); });
  }

 private:
  void OnAnswer(error_code error) {
    if (error) Fail(error.message());
    if (response_.result() != http::status::accepted) Fail(response_.body());
    is_idle_ = true;
  }

  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::response<http::string_body> response_;
  bool is_idle_ = true;
};

Source::Source(const Options& options) : options_(options) {
  for (std::size_t i = 0; i < options.connections; ++i) {
    connections_.push_back(
        std::make_unique<Connection>(context_, options.port));
  }
}

Source::~Source() = default;

void Source::Run(std::uint64_t rate, Clock::duration length) {
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + length;
  std::uint64_t due_before = 0;
  for (Clock::time_point tick = start; tick < end; tick += kTick) {
    SendUntil(tick);
    const std::chrono::duration<double> passed = tick + kTick - start;
    const auto due =
        static_cast<std::uint64_t>(passed.count() * static_cast<double>(rate));
    waiting_.push_back({ToNs(tick), due - due_before});
    due_before = due;
    SendDue();
  }
  AwaitAnswers();
}

void Source::Flood(std::uint64_t count) {
  waiting_.push_back({ToNs(Clock::now()), count});
  AwaitAnswers();
}

Source::Connection* Source::FindIdle() {
  const auto found =
      std::find_if(connections_.begin(), connections_.end(),
                   [](const auto& one) { return one->is_idle(); });
  return found == connections_.end() ? nullptr : found->get();
}

// Answers that come meanwhile make room for what waits.
void Source::SendUntil(Clock::time_point time) {
  bool is_over = false;
  asio::steady_timer timer(context_, time);
  timer.async_wait([&](error_code) { is_over = true; });
  while (!is_over) {
    context_.restart();
    context_.run_one();
    SendDue();
  }
}

void Source::SendDue() {
  while (!waiting_.empty()) {
    Connection* connection = FindIdle();
    if (connection == nullptr) return;
    connection->Send(TakeDue());
  }
}

std::string Source::TakeDue() {
  std::string body;
  std::size_t count = 0;
  while (count < options_.most && !waiting_.empty()) {
    Due& first = waiting_.front();
    for (; first.count > 0 && count < options_.most; --first.count, ++count) {
      AppendEvent(first.due_ns, body);
    }
    if (first.count == 0) waiting_.pop_front();
  }
  return body;
}

void Source::AppendEvent(std::int64_t due_ns, std::string& to) {
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  const std::uint64_t key = (random_ >> 33u) % options_.keys;
  ++sent_;
  absl::StrAppend(&to, R"({"event_id":"e)", sent_,
                  R"(","tenant":"t","collection":"c","id":"d)", sent_,
                  R"(","op":"insert","doc":{"key":"k)", key,
                  R"(","title":"a quick brown fox jumps over a lazy dog",)",
                  R"("price":12.5,"tags":["a","b","c"],"sent":)", due_ns,
                  "}}\n");
}

void Source::AwaitAnswers() {
  const auto is_busy = [](const auto& one) { return !one->is_idle(); };
  SendDue();
  while (std::any_of(connections_.begin(), connections_.end(), is_busy)) {
    context_.restart();
    context_.run_one();
    SendDue();
  }
}

}  // namespace streamer::bench
