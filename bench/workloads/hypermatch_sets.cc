// The sets that hypermatch publishes its figures for, as its README describes
// them: rule i of n, and events that are each made for rule (j * 7919) % n.
// Values are lower case throughout, since hypermatch ignores case and we do
// not. Documents are as small as theirs.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workloads/document.h"
#include "workloads/generators.h"

namespace streamer::workloads {
namespace {

using MakeRule = Rule (*)(std::size_t i, std::size_t n);
using MakeDocument = Document (*)(std::size_t i, std::size_t n);

Workload Make(const Shape& shape, MakeRule rule, MakeDocument document) {
  const std::size_t n = shape.count;
  return {.subscription =
              [=](std::size_t i) { return Subscription{.rule = rule(i, n)}; },
          .event =
              [=](std::size_t i) {
                return Event{.document = document(i * 7919 % n, n).dump()};
              }};
}

std::string Numbered(std::string_view name, std::size_t number) {
  return std::string(name) + std::to_string(number);
}

std::string TenthOf(std::size_t i, std::size_t n) {
  return std::to_string(i % std::max<std::size_t>(n / 10, 1));
}

std::vector<Rule> PlainRules(std::size_t i, std::size_t n) {
  return {Compare("env", "==", "prod"),
          Compare("number", "==", TenthOf(i, n)),
          Compare("tags", "contains", "tag1"),
          Compare("tags", "contains", "tag2"),
          Compare("region", "!=", "moon"),
          Compare("type", "in", {"app", "database"})};
}

Document MixedDocument(std::size_t i, std::size_t n) {
  return Document{{"name", Numbered("app-myapp-", i)},
                  {"env", "prod"},
                  {"number", TenthOf(i, n)},
                  {"tags", {"tag1", "tag2"}},
                  {"region", "earth"},
                  {"type", "app"}};
}

}  // namespace

// Ten rules share a number and match.
Workload HypermatchMixed(const Shape& shape) {
  return Make(
      shape,
      [](std::size_t i, std::size_t n) {
        std::vector<Rule> rules = PlainRules(i, n);
        rules.push_back(Compare("name", "wildcard", "*-myapp-*"));
        return All(std::move(rules));
      },
      MixedDocument);
}

// The same without the wildcard, which stops most peers: hypermatch's authors
// publish both.
Workload HypermatchPlain(const Shape& shape) {
  return Make(
      shape, [](std::size_t i, std::size_t n) { return All(PlainRules(i, n)); },
      MixedDocument);
}

// One rule matches.
Workload HypermatchEquals(const Shape& shape) {
  return Make(
      shape,
      [](std::size_t i, std::size_t) {
        static constexpr std::array<std::string_view, 4> kStages = {
            "prod", "stage", "dev", "test"};
        return All({Compare("service", "==", Numbered("svc-", i / 4)),
                    Compare("env", "==", kStages[i % 4])});
      },
      [](std::size_t i, std::size_t n) {
        const std::size_t services = std::max<std::size_t>(n / 4, 1);
        return Document{{"service", Numbered("svc-", i % services)},
                        {"env", "prod"},
                        {"host", "host-42"},
                        {"message", "disk usage above threshold"},
                        {"team", "platform"},
                        {"severity", "critical"}};
      });
}

// One rule matches.
Workload HypermatchWildcard(const Shape& shape) {
  return Make(
      shape,
      [](std::size_t i, std::size_t) {
        return All(
            {Compare("name", "wildcard", "*-app" + std::to_string(i) + "-*"),
             Compare("env", "==", "prod")});
      },
      [](std::size_t i, std::size_t) {
        return Document{{"name", "eu-app" + std::to_string(i) + "-db"},
                        {"env", "prod"},
                        {"host", "host-42"}};
      });
}

// One rule matches.
Workload HypermatchPrefix(const Shape& shape) {
  return Make(
      shape,
      [](std::size_t i, std::size_t) {
        return All(
            {Compare("url", "prefix", "/api/v1/r" + std::to_string(i) + "/"),
             Compare("method", "in", {"get", "post"})});
      },
      [](std::size_t i, std::size_t) {
        return Document{{"url", "/api/v1/r" + std::to_string(i) + "/items/42"},
                        {"method", "get"}};
      });
}

// A hundred rules per service, each but one matches.
Workload HypermatchAnythingBut(const Shape& shape) {
  return Make(
      shape,
      [](std::size_t i, std::size_t) {
        return All({Compare("region", "!=", Numbered("r", i % 100)),
                    Compare("service", "==", Numbered("svc-", i / 100))});
      },
      [](std::size_t i, std::size_t) {
        return Document{{"region", Numbered("r", i % 100)},
                        {"service", Numbered("svc-", i / 100)}};
      });
}

// Ten thresholds per service, six of which are passed.
Workload HypermatchNumeric(const Shape& shape) {
  return Make(
      shape,
      [](std::size_t i, std::size_t) {
        return All({Compare("service", "==", Numbered("svc-", i / 10)),
                    Compare("latency", ">", i % 10 * 100)});
      },
      [](std::size_t i, std::size_t) {
        return Document{{"service", Numbered("svc-", i / 10)},
                        {"latency", 550}};
      });
}

}  // namespace streamer::workloads
