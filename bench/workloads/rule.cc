#include "workloads/rule.h"

#include <utility>

#include "base/arena.h"
#include "value/json.h"

namespace streamer::workloads {
namespace {

OwnedValue ToValue(const Rule& json) {
  Arena arena;
  return OwnedValue(ParseJson(json.dump(), arena).value());
}

// A regular expression for all of a text, from a pattern with `*`.
std::string RegularExpression(std::string_view pattern) {
  static constexpr std::string_view kSpecial = R"(\.+?()[]{}|^$)";
  std::string text = "^";
  for (const char character : pattern) {
    if (character == '*') {
      text += ".*";
      continue;
    }
    if (kSpecial.find(character) != std::string_view::npos) text += '\\';
    text += character;
  }
  return text + "$";
}

std::string Field(const Rule& leaf) {
  return "doc." + leaf.at("field").get<std::string>();
}

// `field.function(value)`. A JSON string is also a CEL string.
std::string Call(const Rule& leaf, std::string_view function,
                 const Rule& value) {
  return Field(leaf) + "." + std::string(function) + "(" + value.dump() + ")";
}

std::string LeafText(const Rule& leaf) {
  const std::string op = leaf.at("op");
  const Rule& value = leaf.at("value");
  if (op == "prefix") return Call(leaf, "startsWith", value);
  if (op == "suffix") return Call(leaf, "endsWith", value);
  if (op == "substring") return Call(leaf, "contains", value);
  if (op == "wildcard") {
    return Call(leaf, "matches", RegularExpression(value.get<std::string>()));
  }
  if (op == "contains") return value.dump() + " in " + Field(leaf);
  return Field(leaf) + " " + op + " " + value.dump();
}

std::string Joined(const Rule& rules, std::string_view separator) {
  std::string text;
  for (const Rule& rule : rules) {
    if (!text.empty()) text += separator;
    text += rule.contains("field") ? CelText(rule) : "(" + CelText(rule) + ")";
  }
  return text;
}

void Append(const Rule& rule, FilterSource& source) {
  if (rule.contains("all")) {
    for (const Rule& part : rule.at("all")) Append(part, source);
    return;
  }
  if (rule.contains("field")) {
    if (auto op = ParseOperator(rule.at("op").get<std::string>()); op.ok()) {
      source.conditions.push_back(
          {rule.at("field"), *op, ToValue(rule.at("value"))});
      return;
    }
  }
  if (!source.expression.empty()) source.expression += " && ";
  source.expression += "(" + CelText(rule) + ")";
}

}  // namespace

Rule Compare(std::string_view field, std::string_view op, Rule value) {
  return {{"field", field}, {"op", op}, {"value", std::move(value)}};
}

Rule All(std::vector<Rule> rules) { return {{"all", std::move(rules)}}; }
Rule Any(std::vector<Rule> rules) { return {{"any", std::move(rules)}}; }
Rule Not(Rule rule) { return {{"not", std::move(rule)}}; }
Rule Cel(std::string text) { return {{"cel", std::move(text)}}; }

FilterSource FilterSourceOf(const Rule& rule) {
  FilterSource source;
  Append(rule, source);
  return source;
}

std::string CelText(const Rule& rule) {
  if (rule.contains("cel")) return rule.at("cel");
  if (rule.contains("all")) return Joined(rule.at("all"), " && ");
  if (rule.contains("any")) return Joined(rule.at("any"), " || ");
  if (rule.contains("not")) return "!(" + CelText(rule.at("not")) + ")";
  return LeafText(rule);
}

}  // namespace streamer::workloads
