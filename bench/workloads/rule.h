// Rule: what a filter asks, in a neutral form that each peer translates into
// its own. One JSON object:
//
//   {"field": "price", "op": ">=", "value": 10}
//   {"all": [rule, …]}   {"any": [rule, …]}   {"not": rule}
//   {"cel": "doc.a * doc.b > 7"}                 what only CEL can say
//
// The operators are those of Condition ("==", "!=", "<", "<=", ">", ">=",
// "in", "contains") and four on strings: "prefix", "suffix", "substring" and
// "wildcard", whose value matches whole and where `*` stands for any text.
#ifndef STREAMER_BENCH_WORKLOADS_RULE_H_
#define STREAMER_BENCH_WORKLOADS_RULE_H_

#include <string>
#include <string_view>
#include <vector>

#include "filter/filter.h"
#include "nlohmann/json.hpp"

namespace streamer::workloads {

using Rule = nlohmann::json;

Rule Compare(std::string_view field, std::string_view op, Rule value);
Rule All(std::vector<Rule> rules);
Rule Any(std::vector<Rule> rules);
Rule Not(Rule rule);
Rule Cel(std::string text);

// Our filter for `rule`: structured conditions for what conditions can say at
// the top of an "all", an expression for the rest.
FilterSource FilterSourceOf(const Rule& rule);

// The whole rule as CEL text.
std::string CelText(const Rule& rule);

}  // namespace streamer::workloads

#endif  // STREAMER_BENCH_WORKLOADS_RULE_H_
