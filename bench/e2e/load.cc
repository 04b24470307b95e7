// e2e_load: gateways and a source of events for a running streamerd, and how
// long each event took from one to the other.
//
// usage: e2e_load --target=HOST:PORT --http=PORT --subscriptions=N
//                 --gateways=G --rate=R --seconds=S [--stalled] [--in-turns]
//
// N subscriptions, each to a key of its own, are spread over G gateways that
// keep sessions. Of R events a second, each of which matches one subscription,
// a thousandth is due every millisecond (see source.h). Latency is from when an
// event was due to when gRPC has given its delivery to the client. --stalled
// adds a gateway that subscribes to everything and reads nothing.
//
// Prints one line of JSON. With --seconds=0 it only subscribes. --in-turns does
// it again for each line of the standard input, so that two of these can take
// turns: what the machine does otherwise then falls upon both.
#include <algorithm>
#include <atomic>
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
#include "e2e/source.h"

namespace {

using streamer::Client;
using streamer::bench::Clock;
using streamer::bench::Source;
using streamer::bench::ToNs;

struct Options {
  std::string target;
  int http_port = 0;
  std::size_t connections = 4;
  int subscriptions = 100'000;
  int gateways = 4;
  std::uint64_t rate = 10'000;
  int seconds = 10;
  bool is_stalled = false;
  bool in_turns = false;
};

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
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

// Asks for all of them; `answered` counts the answers.
void Subscribe(Client& client, std::vector<std::string> expressions,
               std::latch& answered) {
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
  // Those whose events were sent at or after `since_ns`. To be called once
  // nothing is on the way: then nobody adds any.
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

double Quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(share * last)];
}

using Clients = std::vector<std::unique_ptr<Client>>;
using Receivers = std::vector<std::unique_ptr<Receiver>>;

std::uint64_t Received(const Receivers& receivers) {
  std::uint64_t sum = 0;
  for (const auto& one : receivers) sum += one->received();
  return sum;
}

void AwaitDeliveries(const Receivers& receivers, std::uint64_t count) {
  const Clock::time_point patience = Clock::now() + std::chrono::seconds(20);
  while (Received(receivers) < count && Clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void Report(const Receivers& receivers, std::int64_t since, double rate,
            std::uint64_t sent) {
  std::vector<double> latencies;
  for (const auto& one : receivers) one->AddLatencies(since, latencies);
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"rate\": %.0f, \"lost\": %lld, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
      "\"p999_ms\": %.3f, \"max_ms\": %.3f}\n",
      rate, static_cast<long long>(sent - Received(receivers)),
      Quantile(latencies, 0.5), Quantile(latencies, 0.99),
      Quantile(latencies, 0.999), Quantile(latencies, 1));
  std::fflush(stdout);
}

// Sends events for a while, and again. Each turn has connections of its own,
// since those that stood idle between two would be closed, and warms them up.
class Turns {
 public:
  Turns(const Options& options, const Receivers& receivers)
      : options_(options), receivers_(receivers) {}

  void TakeOne(Clock::duration warm_up) {
    Source source({.port = options_.http_port,
                   .connections = options_.connections,
                   .keys = static_cast<std::uint64_t>(options_.subscriptions)});
    source.Run(options_.rate, warm_up);
    const Clock::time_point start = Clock::now();
    const std::uint64_t before = source.sent();
    source.Run(options_.rate, std::chrono::seconds(options_.seconds));
    const double rate =
        static_cast<double>(source.sent() - before) / SecondsSince(start);
    sent_ += source.sent();
    AwaitDeliveries(receivers_, sent_);
    Report(receivers_, ToNs(start), rate, sent_);
  }

 private:
  const Options& options_;
  const Receivers& receivers_;
  std::uint64_t sent_ = 0;
};

void Measure(const Options& options, const Clients& clients) {
  Receivers receivers;
  receivers.reserve(clients.size());
  for (const auto& client : clients) {
    receivers.push_back(std::make_unique<Receiver>(*client));
  }
  Turns turns(options, receivers);
  turns.TakeOne(std::chrono::seconds(2));
  std::string line;
  while (options.in_turns && std::getline(std::cin, line)) {
    turns.TakeOne(std::chrono::milliseconds(300));
  }
  for (const auto& receiver : receivers) receiver->End();
}

// Those of all gateways, asked for at once.
Clients SubscribeAll(const Options& options) {
  const auto gateways = static_cast<std::size_t>(options.gateways);
  std::vector<std::vector<std::string>> wanted(gateways);
  for (int i = 0; i < options.subscriptions; ++i) {
    wanted[static_cast<std::size_t>(i) % gateways].push_back(
        absl::StrCat("doc.key == \"k", i, "\""));
  }
  std::latch answered(options.subscriptions);
  Clients clients;
  for (std::size_t i = 0; i < gateways; ++i) {
    clients.push_back(Connect(options, absl::StrCat("g", i)));
    Subscribe(*clients.back(), std::move(wanted[i]), answered);
  }
  answered.wait();
  return clients;
}

void Run(const Options& options) {
  const Clock::time_point start = Clock::now();
  const Clients clients = SubscribeAll(options);
  if (options.seconds == 0) {
    const double seconds = SecondsSince(start);
    std::printf("{\"subscribe_s\": %.3f, \"subscribes_per_s\": %.0f}\n",
                seconds, options.subscriptions / seconds);
    return;
  }
  std::unique_ptr<Client> stalled;
  if (options.is_stalled) {
    stalled = Connect(options, "stalled");
    std::latch answered(1);
    Subscribe(*stalled, {"true"}, answered);
    answered.wait();
  }
  Measure(options, clients);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Gateways and a source for a running streamerd");
  app.add_option("--target", options.target)->required();
  app.add_option("--http", options.http_port)->required();
  app.add_option("--connections", options.connections);
  app.add_option("--subscriptions", options.subscriptions);
  app.add_option("--gateways", options.gateways);
  app.add_option("--rate", options.rate);
  app.add_option("--seconds", options.seconds);
  app.add_flag("--stalled", options.is_stalled);
  app.add_flag("--in-turns", options.in_turns);
  CLI11_PARSE(app, argc, argv);
  Run(options);
  return 0;
}
