// e2e_load: gateways and a source of events for a running streamerd, and how
// long each event took from one to the other.
//
// usage: e2e_load --target=HOST:PORT --http=PORT --subscriptions=N
//                 --gateways=G --rate=R --seconds=S [--stalled]
//
// N subscriptions, each to a key of its own, are spread over G gateways that
// keep sessions. R events a second are ingested over one HTTP connection, those
// of a millisecond together; each matches one subscription. An event carries
// the time at which it was handed to the socket, and its latency ends when gRPC
// has given the delivery to the client. --stalled adds a gateway that
// subscribes to everything and reads nothing.
//
// Prints one line of JSON. With --seconds=0 it only subscribes.
#include <algorithm>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "client/client.h"

namespace {

using Clock = std::chrono::steady_clock;
using streamer::Client;

struct Options {
  std::string target;
  int http_port = 0;
  int subscriptions = 100'000;
  int gateways = 4;
  int rate = 10'000;
  int seconds = 10;
  bool is_stalled = false;
};

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             Clock::now().time_since_epoch())
      .count();
}

void FailUnless(const streamer::Status& status) {
  if (status.ok()) return;
  std::cerr << "e2e_load: " << status << '\n';
  std::exit(1);
}

std::unique_ptr<Client> Connect(const Options& options, std::string name) {
  std::latch connected(1);
  auto client = std::make_unique<Client>(
      streamer::ClientOptions{.target = options.target,
                              .gateway_id = std::move(name),
                              .session = streamer::ClientOptions::Session{}},
      [&](const streamer::Status& status) {
        FailUnless(status);
        connected.count_down();
      });
  connected.wait();
  return client;
}

void Subscribe(Client& client, std::vector<std::string> expressions) {
  std::latch answered(static_cast<std::ptrdiff_t>(expressions.size()));
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    client.Subscribe({.id = absl::StrCat("s", i),
                      .tenant = "t",
                      .collection = "c",
                      .expression = std::move(expressions[i])},
                     [&](const auto& answer) {
                       FailUnless(answer.status());
                       answered.count_down();
                     });
  }
  answered.wait();
}

// Takes what a gateway gets, until told to end.
class Receiver {
 public:
  explicit Receiver(Client& client)
      : client_(client), thread_([this] { Run(); }) {}
  void End() {
    is_ending_ = true;
    thread_.join();
  }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // Those whose events were sent at or after `since_ns`.
  void AddLatencies(std::int64_t since_ns, std::vector<double>& to) const {
    for (const auto& [sent, latency] : samples_) {
      if (sent >= since_ns) to.push_back(static_cast<double>(latency) / 1e6);
    }
  }

 private:
  void Run() {
    while (!is_ending_) {
      const auto batch =
          client_.NextBatch(1024, Clock::now() + std::chrono::milliseconds(50));
      for (const auto& delivery : batch.deliveries) Note(*delivery);
      received_ += batch.deliveries.size();
    }
  }
  void Note(const streamer::ReceivedDelivery& delivery) {
    constexpr std::string_view kField = "\"sent\":";
    const std::string_view document = delivery.document();
    const std::size_t at = document.find(kField);
    if (at == std::string_view::npos) return;
    std::int64_t sent = 0;
    std::from_chars(document.data() + at + kField.size(),
                    document.data() + document.size(), sent);
    samples_.emplace_back(sent, delivery.received_ns() - sent);
  }

  Client& client_;
  std::atomic<bool> is_ending_ = false;
  std::atomic<std::uint64_t> received_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> samples_;
  std::thread thread_;
};

// One HTTP connection that ingests.
class Source {
 public:
  Source(int port, int keys) : keys_(keys), socket_(context_) {
    boost::asio::ip::tcp::resolver resolver(context_);
    boost::asio::connect(socket_,
                         resolver.resolve("127.0.0.1", std::to_string(port)));
    socket_.set_option(boost::asio::ip::tcp::no_delay(true));
  }

  void Send(int count) {
    namespace http = boost::beast::http;
    http::request<http::string_body> request(http::verb::post, "/v1/events",
                                             11);
    request.set(http::field::host, "127.0.0.1");
    request.set(http::field::content_type, "application/x-ndjson");
    for (int i = 0; i < count; ++i) AppendEvent(request.body());
    request.prepare_payload();
    http::write(socket_, request);
    http::response<http::string_body> response;
    http::read(socket_, buffer_, response);
    if (response.result() != http::status::accepted) {
      FailUnless(absl::UnavailableError(response.body()));
    }
  }
  [[nodiscard]] std::uint64_t sent() const { return number_; }

 private:
  void AppendEvent(std::string& to) {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    const auto key = (random_ >> 33u) % static_cast<std::uint64_t>(keys_);
    ++number_;
    absl::StrAppend(&to, R"({"event_id":"e)", number_,
                    R"(","tenant":"t","collection":"c","id":"d)", number_,
                    R"(","op":"insert","doc":{"key":"k)", key,
                    R"(","title":"a quick brown fox jumps over a lazy dog",)",
                    R"("price":12.5,"tags":["a","b","c"],"sent":)", NowNs(),
                    "}}\n");
  }

  const int keys_;
  std::uint64_t number_ = 0;
  std::uint64_t random_ = 42;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

// Sends at the rate; what is late is made up for, and counts as sent when it
// should have been no more than the socket lets it.
void Ingest(Source& source, int rate, Clock::duration length) {
  const Clock::time_point start = Clock::now();
  std::uint64_t due = 0;
  const std::uint64_t before = source.sent();
  while (Clock::now() - start < length) {
    const auto passed = std::chrono::duration<double>(Clock::now() - start);
    due = static_cast<std::uint64_t>(passed.count() * rate);
    const std::uint64_t missing = due - (source.sent() - before);
    if (missing > 0)
      source.Send(static_cast<int>(std::min(missing, std::uint64_t{1'000})));
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

double Quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(share * last)];
}

void Measure(const Options& options,
             std::vector<std::unique_ptr<Client>>& clients) {
  std::vector<std::unique_ptr<Receiver>> receivers;
  receivers.reserve(clients.size());
  for (auto& client : clients) {
    receivers.push_back(std::make_unique<Receiver>(*client));
  }
  Source source(options.http_port, options.subscriptions);
  Ingest(source, options.rate, std::chrono::seconds(2));  // to warm up
  const std::int64_t since = NowNs();
  const std::uint64_t before = source.sent();
  Ingest(source, options.rate, std::chrono::seconds(options.seconds));
  const double seconds = static_cast<double>(NowNs() - since) / 1e9;
  const double rate = static_cast<double>(source.sent() - before) / seconds;
  const auto received = [&] {
    std::uint64_t sum = 0;
    for (const auto& one : receivers) sum += one->received();
    return sum;
  };
  const Clock::time_point patience = Clock::now() + std::chrono::seconds(20);
  while (received() < source.sent() && Clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (auto& receiver : receivers) receiver->End();
  std::vector<double> latencies;
  for (const auto& one : receivers) one->AddLatencies(since, latencies);
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"rate\": %.0f, \"sent\": %llu, \"received\": %llu, \"p50_ms\": %.3f, "
      "\"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f}\n",
      rate, static_cast<unsigned long long>(source.sent()),
      static_cast<unsigned long long>(received()), Quantile(latencies, 0.5),
      Quantile(latencies, 0.99), Quantile(latencies, 0.999),
      Quantile(latencies, 1));
}

void Run(const Options& options) {
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::vector<std::string>> wanted(
      static_cast<std::size_t>(options.gateways));
  for (int i = 0; i < options.subscriptions; ++i) {
    wanted[static_cast<std::size_t>(i % options.gateways)].push_back(
        absl::StrCat("doc.key == \"k", i, "\""));
  }
  clients.reserve(wanted.size());
  const std::int64_t begin = NowNs();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    clients.push_back(Connect(options, absl::StrCat("g", i)));
    Subscribe(*clients.back(), std::move(wanted[i]));
  }
  std::unique_ptr<Client> stalled;
  if (options.is_stalled) {
    stalled = Connect(options, "stalled");
    Subscribe(*stalled, {"true"});
  }
  if (options.seconds == 0) {
    std::printf("{\"subscribe_s\": %.3f}\n",
                static_cast<double>(NowNs() - begin) / 1e9);
    return;
  }
  Measure(options, clients);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Gateways and a source for a running streamerd");
  app.add_option("--target", options.target)->required();
  app.add_option("--http", options.http_port)->required();
  app.add_option("--subscriptions", options.subscriptions);
  app.add_option("--gateways", options.gateways);
  app.add_option("--rate", options.rate);
  app.add_option("--seconds", options.seconds);
  app.add_flag("--stalled", options.is_stalled);
  CLI11_PARSE(app, argc, argv);
  Run(options);
  return 0;
}
