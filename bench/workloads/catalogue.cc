#include "workloads/catalogue.h"

#include <array>
#include <string>

#include "workloads/generators.h"

namespace streamer::workloads {
namespace {

constexpr std::array kEntries = {
    Entry{"W1", "equality on a key: chat rooms of ten tenants", ChatRooms},
    Entry{"W2", "equality and ranges: price alerts", PriceAlerts},
    Entry{"W2-cel", "price alerts as CEL text", PriceAlertsCel},
    Entry{"W3-1", "one narrow range", OneRange},
    Entry{"W3-2", "ranges in two dimensions", TwoRanges},
    Entry{"W3-5", "five ranges of width 0.1 over 20 attributes", FiveRanges},
    Entry{"W4", "a thousand filters, shared by all", SharedFilters},
    Entry{"W5", "and / or / not of depth 3, fan-out 2", Nested},
    Entry{"W6", "arithmetic that no index can take", Unindexable},
    Entry{"W7", "ten subscriptions per collection", ManyCollections},
    Entry{"W8", "price alerts under churn", PriceAlerts},
    Entry{"W9", "prefixes, substrings and anchored literals", StringPatterns},
    Entry{"W10", "90 % share their only equality", SkewedEquality},
    Entry{"W11-mixed", "hypermatch's mixed set", HypermatchMixed},
    Entry{"W11-plain", "the mixed set without its wildcard", HypermatchPlain},
    Entry{"W11-equals", "hypermatch's equals set", HypermatchEquals},
    Entry{"W11-wildcard", "hypermatch's wildcard set", HypermatchWildcard},
    Entry{"W11-prefix", "hypermatch's prefix set", HypermatchPrefix},
    Entry{"W11-anythingbut", "hypermatch's anythingbut set",
          HypermatchAnythingBut},
    Entry{"W11-numeric", "hypermatch's numeric set", HypermatchNumeric},
    Entry{"flights", "departures from New York in 2013", RealData},
    Entry{"cities", "the cities of the world", RealData},
};

}  // namespace

std::span<const Entry> Catalogue() { return kEntries; }

Result<Workload> MakeWorkload(std::string_view name, const Shape& shape) {
  std::string names;
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry.make(shape);
    names += " " + std::string(entry.name);
  }
  return NotFound("workload: expected one of:" + names +
                  "; got: " + std::string(name));
}

}  // namespace streamer::workloads
