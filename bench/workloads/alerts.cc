// Price alerts: a symbol, a price band and a least volume; four predicates.
#include <algorithm>
#include <string>

#include "workloads/document.h"
#include "workloads/draw.h"
#include "workloads/generators.h"

namespace streamer::workloads {
namespace {

constexpr std::size_t kAlertsPerSymbol = 20;
constexpr std::int64_t kPrices = 100'000;  // in cents
constexpr std::int64_t kBand = kPrices / 10;
constexpr std::int64_t kVolumes = 10'000;

std::size_t Symbols(const Shape& shape) {
  return std::max<std::size_t>(shape.count / kAlertsPerSymbol, 1);
}

std::string Symbol(std::size_t number) { return "S" + std::to_string(number); }

Rule Alert(const Shape& shape, std::size_t i) {
  Draw draw(shape.seed, Stream::kRule, i);
  const auto low = static_cast<std::int64_t>(draw.Below(kPrices - kBand));
  return All({Compare("symbol", "==", Symbol(i % Symbols(shape))),
              Compare("price", ">=", low), Compare("price", "<", low + kBand),
              Compare("volume", ">=", draw.Below(kVolumes))});
}

Event Trade(const Shape& shape, std::size_t i) {
  Draw draw(shape.seed, Stream::kEvent, i);
  return {.document = Padded({{"symbol", Symbol(draw.Below(Symbols(shape)))},
                              {"price", draw.Below(kPrices)},
                              {"volume", draw.Below(kVolumes)},
                              {"venue", "XLON"},
                              {"currency", "EUR"}})};
}

Workload Make(const Shape& shape, bool is_expression) {
  return {.subscription =
              [=](std::size_t i) {
                return Subscription{.rule = Alert(shape, i),
                                    .is_expression = is_expression};
              },
          .event = [=](std::size_t i) { return Trade(shape, i); }};
}

}  // namespace

// Of twenty alerts for a symbol a tenth hold the price, and half the volume.
Workload PriceAlerts(const Shape& shape) { return Make(shape, false); }
Workload PriceAlertsCel(const Shape& shape) { return Make(shape, true); }

}  // namespace streamer::workloads
