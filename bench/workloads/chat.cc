// Workloads whose filters hang on an equality.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "workloads/document.h"
#include "workloads/draw.h"
#include "workloads/generators.h"

namespace streamer::workloads {
namespace {

constexpr std::size_t kTenants = 10;
constexpr std::size_t kSubscriptionsPerRoom = 10;
constexpr std::array<std::string_view, 5> kKinds = {"text", "image", "reaction",
                                                    "edit", "pin"};

std::string Numbered(std::string_view name, std::size_t number) {
  return std::string(name) + "-" + std::to_string(number);
}

Rule RoomAndKind(std::size_t room, std::string_view kind) {
  return All({Compare("room", "==", Numbered("room", room)),
              Compare("kind", "==", kind)});
}

std::string Post(std::size_t room, std::string_view kind) {
  return Padded({{"room", Numbered("room", room)},
                 {"kind", kind},
                 {"text", "shall we meet at the usual place at half past six"},
                 {"thread", room * 7 % 1000}});
}

}  // namespace

// Subscription i is a member of tenant i % 10. A post goes to a room with ten
// members, each waiting for one of five kinds: two matches.
Workload ChatRooms(const Shape& shape) {
  const auto rooms =
      std::max<std::size_t>(shape.count / kSubscriptionsPerRoom, 1);
  const auto place = [](std::size_t room, Rule rule) {
    return Subscription{.tenant = Numbered("tenant", room % kTenants),
                        .collection = "messages",
                        .rule = std::move(rule)};
  };
  return {.subscription =
              [=](std::size_t i) {
                Draw draw(shape.seed, Stream::kRule, i);
                return place(i % rooms,
                             RoomAndKind(i % rooms, kKinds[draw.Below(5)]));
              },
          .event =
              [=](std::size_t i) {
                Draw draw(shape.seed, Stream::kEvent, i);
                const std::size_t room = draw.Below(rooms);
                return Event{Numbered("tenant", room % kTenants), "messages",
                             Post(room, kKinds[draw.Below(5)])};
              }};
}

// As many collections as a tenth of the subscriptions, each a chat of its own
// with five rooms and ten subscriptions: one match.
Workload ManyCollections(const Shape& shape) {
  constexpr std::size_t kRooms = 5;
  const auto collections = std::max<std::size_t>(shape.count / 10, 1);
  return {.subscription =
              [=](std::size_t i) {
                Draw draw(shape.seed, Stream::kRule, i);
                const std::size_t collection = i % collections;
                return Subscription{
                    .tenant = Numbered("tenant", collection % 100),
                    .collection = Numbered("chat", collection),
                    .rule = RoomAndKind(draw.Below(kRooms), kKinds[i % 2])};
              },
          .event =
              [=](std::size_t i) {
                Draw draw(shape.seed, Stream::kEvent, i);
                const std::size_t collection = draw.Below(collections);
                const std::size_t room = draw.Below(kRooms);
                return Event{Numbered("tenant", collection % 100),
                             Numbered("chat", collection),
                             Post(room, kKinds[draw.Below(2)])};
              }};
}

// A hundred keys times ten lower bounds. Every event of a key matches those
// of its level and below: half of them on average.
Workload SharedFilters(const Shape& shape) {
  return {.subscription =
              [](std::size_t i) {
                return Subscription{
                    .rule = All({Compare("key", "==", Numbered("key", i % 100)),
                                 Compare("level", ">=", i / 100 % 10)})};
              },
          .event =
              [seed = shape.seed](std::size_t i) {
                Draw draw(seed, Stream::kEvent, i);
                return Event{.document = Padded(
                                 {{"key", Numbered("key", draw.Below(100))},
                                  {"level", draw.Below(10)}})};
              }};
}

// 90 % wait for the same region, each for a price band of its own that holds
// ten of n prices; the rest are spread over 99 regions.
Workload SkewedEquality(const Shape& shape) {
  const auto prices = static_cast<std::int64_t>(shape.count);
  return {
      .subscription =
          [=](std::size_t i) {
            Draw draw(shape.seed, Stream::kRule, i);
            const std::size_t region =
                draw.Below(10) == 0 ? 1 + draw.Below(99) : 0;
            const auto low = static_cast<std::int64_t>(draw.Below(shape.count));
            return Subscription{
                .rule = All({Compare("region", "==", Numbered("r", region)),
                             Compare("price", ">=", low),
                             Compare("price", "<", std::min(low + 10, prices)),
                             Compare("kind", "!=", kKinds[draw.Below(5)])})};
          },
      .event =
          [=](std::size_t i) {
            Draw draw(shape.seed, Stream::kEvent, i);
            const std::size_t region =
                draw.Below(10) == 0 ? 1 + draw.Below(99) : 0;
            return Event{.document = Padded({{"region", Numbered("r", region)},
                                             {"price", draw.Below(shape.count)},
                                             {"kind", kKinds[draw.Below(5)]}})};
          }};
}

}  // namespace streamer::workloads
