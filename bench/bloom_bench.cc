// Would a Bloom summary in front of the index save anything? One collection,
// every filter a room and a kind, every event one that matches nothing: the
// case that a summary is best at.
//
// "index" is Matcher::Match without a summary, from the text of the event and
// from its parsed values; with one subscription it costs what reading the text
// costs, which a summary in front would have to do as well. "summary" is
// BloomSummary::MayMatch on the parsed values. So the most that it could save
// is index less index of one, and what it would cost the events it lets pass is
// "summary".
//
// Argument: subscriptions, each with a room of its own.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "event/body.h"
#include "filter/filter.h"
#include "index/bloom_summary.h"
#include "match/match_input.h"
#include "match/matcher.h"

namespace streamer {
namespace {

constexpr std::size_t kEvents = 4'096;

std::shared_ptr<const Filter> RoomFilter(std::uint64_t number) {
  const std::string room = "room-" + std::to_string(number * 7'919);
  return Filter::Compile({.conditions = {},
                          .expression = "doc.room == '" + room +
                                        "' && doc.kind == 'message'"})
      .value();
}

const std::vector<std::shared_ptr<const Filter>>& Filters(std::size_t count) {
  static auto* filters = new std::vector<std::shared_ptr<const Filter>>();
  while (filters->size() < count)
    filters->push_back(RoomFilter(filters->size()));
  return *filters;
}

// The matcher of so many subscriptions; made once, and kept while asked for.
const Matcher& MatcherOf(std::size_t count) {
  static std::size_t kept = 0;
  static auto* matcher = new Matcher();
  if (kept == count) return *matcher;
  *matcher = Matcher();
  kept = count;
  for (std::size_t i = 0; i < count; ++i) {
    matcher->Add(SubscriptionHandle(i + 1), "t", "messages", Filters(count)[i]);
  }
  return *matcher;
}

// About 400 bytes, of a room that nobody subscribes to.
ChangeEvent MakeMessage(std::uint64_t number) {
  auto source = std::make_shared<SourceEvent>();
  source->event_id = "e" + std::to_string(number);
  source->tenant = "t";
  source->collection = "messages";
  source->document_id = "d" + std::to_string(number);
  source->document =
      R"({"room":"hall-)" + std::to_string(number * 104'729) +
      R"(","kind":"message","author":{"id":"u)" + std::to_string(number) +
      R"(","name":"Ada Lovelace"},"text":"the analytical engine weaves )"
      R"(algebraic patterns just as the Jacquard loom weaves flowers",)"
      R"("sent":1357034220000,"edited":false,"likes":17,"tags":["history",)"
      R"("engines","looms"],"thread":{"root":"m-12345","depth":3},)"
      R"("language":"en","mentions":["u17","u23"],"attachments":[]})";
  ChangeEvent event;
  event.operation = Operation::kInsert;
  event.source = std::move(source);
  return event;
}

struct Messages {
  std::vector<ChangeEvent> events;
  std::vector<std::unique_ptr<const EventBody>> bodies;
  std::vector<MatchInput> unread;
  std::vector<MatchInput> parsed;
};

const Messages& AllMessages() {
  static const Messages* messages = [] {
    auto* made = new Messages();
    for (std::uint64_t i = 0; i < kEvents; ++i) {
      made->events.push_back(MakeMessage(i));
    }
    for (const ChangeEvent& event : made->events) {
      made->bodies.push_back(EventBody::Parse(event).value());
      made->unread.push_back(MakeMatchInput(event));
      made->parsed.push_back(MakeMatchInput(event, *made->bodies.back()));
    }
    return made;
  }();
  return *messages;
}

void MatchAll(benchmark::State& state, const std::vector<MatchInput>& inputs) {
  const Matcher& matcher = MatcherOf(static_cast<std::size_t>(state.range(0)));
  MatchScratch scratch;
  std::size_t next = 0;
  for (auto _ : state) {
    if (!matcher.Match(inputs[next], scratch).empty()) {
      state.SkipWithError("an event matched");
      break;
    }
    next = (next + 1) % inputs.size();
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_IndexFromText(benchmark::State& state) {
  MatchAll(state, AllMessages().unread);
}
BENCHMARK(BM_IndexFromText)->Arg(1)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void BM_IndexFromValues(benchmark::State& state) {
  MatchAll(state, AllMessages().parsed);
}
BENCHMARK(BM_IndexFromValues)->Arg(1)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void BM_SummaryFromValues(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  BloomCounts counts;
  BloomSummary summary({}, counts);
  for (std::size_t i = 0; i < count; ++i) summary.Add(*Filters(count)[i]);
  const Messages& messages = AllMessages();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(summary.MayMatch(messages.parsed[next].values));
    next = (next + 1) % kEvents;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["false_positives"] =
      static_cast<double>(counts.false_positives) /
      static_cast<double>(counts.false_positives + counts.turned_away);
  state.counters["bytes_per_key"] =
      static_cast<double>(summary.memory_bytes()) / static_cast<double>(count);
  state.counters["exported_bytes_per_key"] =
      static_cast<double>(summary.ToBytes().size()) /
      static_cast<double>(count);
}
BENCHMARK(BM_SummaryFromValues)
    ->Arg(1)
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000);

// One subscription goes and another comes.
void BM_SummaryChurn(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto& filters = Filters(count);
  BloomCounts counts;
  BloomSummary summary({}, counts);
  for (std::size_t i = 0; i < count / 2; ++i) summary.Add(*filters[i]);
  std::size_t oldest = 0;
  std::size_t next = count / 2;
  for (auto _ : state) {
    summary.Remove(*filters[oldest]);
    summary.Add(*filters[next]);
    oldest = (oldest + 1) % count;
    next = (next + 1) % count;
  }
  state.counters["rebuilds"] = static_cast<double>(counts.rebuilds);
}
BENCHMARK(BM_SummaryChurn)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace streamer
