#include "judge.h"

#include <array>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "cel/checker.h"
#include "cel/evaluator.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "cel/variables.h"
#include "expected_results.h"
#include "support/evaluate_both.h"
#include "value/json.h"
#include "vector_values.h"

namespace streamer::conformance {
namespace {

using nlohmann::json;

// What a case declares, and the values it binds.
struct Environment {
  Arena arena;
  std::vector<cel::FunctionDeclaration> functions;
  cel::Variables variables{{}};
  std::vector<Value> bindings;
  std::string problem;
};

std::string FirstLine(const Status& status) {
  std::string message(MessageOf(status));
  return message.substr(0, message.find('\n'));
}

// One declaration for each style that the overloads are called in.
bool DeclareFunction(const json& declared, Environment& environment) {
  std::array<cel::FunctionDeclaration, 2> functions;
  for (const json& overload : declared.at("function").at("overloads")) {
    std::string parameters;
    for (const json& parameter : overload.value("params", json::array())) {
      auto type = ReadType(parameter);
      if (!type) return false;
      parameters += (parameters.empty() ? "" : ", ") + *type;
    }
    auto result = ReadType(overload.at("resultType"));
    if (!result) return false;
    bool is_member = overload.value("isInstanceFunction", false);
    std::string& overloads = functions[is_member ? 1 : 0].overloads;
    if (!overloads.empty()) overloads += "; ";
    overloads += "(" + parameters + ") -> " + *result;
  }
  functions[1].style = cel::CallStyle::kMember;
  for (cel::FunctionDeclaration& function : functions) {
    function.name = declared.at("name");
    if (!function.overloads.empty()) environment.functions.push_back(function);
  }
  return true;
}

// Variables in the order of their declarations; one that is bound but not
// declared is dyn.
void ReadEnvironment(const json& original, Environment& environment) {
  std::vector<cel::Declaration> declarations;
  const json bindings = original.value("bindings", json::object());
  for (const json& declared : original.value("typeEnv", json::array())) {
    if (declared.contains("function")) {
      if (!DeclareFunction(declared, environment)) {
        environment.problem = "a function of message types";
      }
      continue;
    }
    auto type = ReadType(declared.at("ident").at("type"));
    if (!type) environment.problem = "a variable of a message type";
    declarations.push_back({declared.at("name"), type.value_or("dyn")});
  }
  for (const auto& [name, binding] : bindings.items()) {
    bool is_declared = std::any_of(
        declarations.begin(), declarations.end(),
        [&](const cel::Declaration& other) { return other.name == name; });
    if (!is_declared) declarations.push_back({name, "dyn"});
  }
  for (const cel::Declaration& declaration : declarations) {
    auto found = bindings.find(declaration.name);
    std::optional<Value> value = Value::Null();
    if (found != bindings.end()) {
      value = ReadValue(found->at("value"), environment.arena);
    }
    if (!value) environment.problem = "a message is bound";
    environment.bindings.push_back(value.value_or(Value::Null()));
  }
  auto variables =
      cel::Variables::Declare(declarations, original.value("container", ""));
  if (!variables.ok()) {
    environment.problem = FirstLine(variables.status());
  } else {
    environment.variables = *std::move(variables);
  }
}

// What both evaluators make of the tree; they must agree.
Result<Value> Evaluate(const cel::Tree& tree, Environment& environment,
                       std::vector<cel::Program>& programs) {
  STREAMER_ASSIGN_OR_RETURN(
      cel::Program program,
      cel::Program::CompileUnchecked(tree, environment.variables));
  programs.push_back(std::move(program));
  cel::Meter meter;
  Value fast =
      programs.back().Evaluate(environment.bindings, environment.arena, meter);
  Value slow = cel::SlowEvaluate(tree.root(), environment.variables,
                                 environment.bindings, environment.arena);
  if (support::MeanTheSame(fast, slow)) return fast;
  return Internal("the evaluators differ: " + support::Show(fast) + " and " +
                  support::Show(slow));
}

std::string CompareValue(const Value& got, const json& original,
                         Environment& environment) {
  if (original.contains("evalError")) {
    return got.is_error() ? "" : "expected an error, got " + support::Show(got);
  }
  std::optional<Value> expected = Value::Bool(true);
  if (original.contains("value")) {
    expected = ReadValue(original["value"], environment.arena);
  } else if (original.contains("typedResult")) {
    expected = ReadValue(original["typedResult"]["result"], environment.arena);
  }
  if (!expected) return "expected a message, got " + support::Show(got);
  if (IsSame(got, *expected)) return "";
  return "expected " + support::Show(*expected) + ", got " + support::Show(got);
}

std::string CompareDeducedType(const cel::CheckResult& checked,
                               const json& original) {
  if (!original.contains("typedResult")) return "";
  auto expected = ReadType(original["typedResult"]["deducedType"]);
  if (!expected) return "expected a message type";
  if (*expected == checked.type) return "";
  return "expected type " + *expected + ", got " + checked.type;
}

std::string JudgeConformance(const json& original) {
  Environment environment;
  ReadEnvironment(original, environment);
  if (!environment.problem.empty()) return environment.problem;
  auto tree = cel::Parse(original.at("expr").get<std::string>());
  if (!tree.ok()) return FirstLine(tree.status());
  if (!original.value("disableCheck", false)) {
    cel::CheckResult checked =
        cel::Check(*tree, environment.variables, environment.functions);
    if (!checked.problems.empty()) {
      return FirstLine(cel::ReportOf(*tree, checked));
    }
    std::string difference = CompareDeducedType(checked, original);
    if (!difference.empty()) return difference;
  }
  if (original.value("checkOnly", false)) return "";
  std::vector<cel::Program> programs;
  auto got = Evaluate(*tree, environment, programs);
  if (!got.ok()) return FirstLine(got.status());
  return CompareValue(*got, original, environment);
}

// Errors of the grammar say "Syntax error" or come before any tree is made.
std::string JudgeParsing(const Case& one) {
  auto tree = cel::Parse(one.fields["original"]["expr"].get<std::string>());
  if (!one.fields.contains("ast")) {
    return tree.ok() ? "expected a refusal, got a tree" : "";
  }
  if (!tree.ok()) return FirstLine(tree.status());
  std::string got = DebugText(tree->root());
  std::string expected = one.fields["ast"];
  return got == expected ? ""
                         : "expected the tree " + expected + "\ngot " + got;
}

// What the reference's own tests declare where a case declares nothing.
void DeclareUsual(Environment& environment) {
  environment.variables = cel::Variables::Declare({{"is", "string"},
                                                   {"ii", "int"},
                                                   {"iu", "uint"},
                                                   {"iz", "bool"},
                                                   {"ib", "bytes"},
                                                   {"id", "double"},
                                                   {"ix", "null"}})
                              .value();
  environment.functions = {
      {"fg_s", cel::CallStyle::kGlobal, "() -> string"},
      {"fi_s_s", cel::CallStyle::kMember, "(string) -> string"}};
}

std::string JudgeChecking(const Case& one) {
  const json& original = one.fields["original"];
  Environment environment;
  ReadEnvironment(original, environment);
  if (!original.contains("typeEnv")) DeclareUsual(environment);
  if (!environment.problem.empty()) return environment.problem;
  auto tree = cel::Parse(original.at("expr").get<std::string>());
  if (!tree.ok()) return FirstLine(tree.status());
  cel::CheckResult checked =
      cel::Check(*tree, environment.variables, environment.functions);
  if (!one.fields.contains("type")) {
    return checked.problems.empty() ? "expected a refusal, got " + checked.type
                                    : "";
  }
  if (!checked.problems.empty()) {
    return FirstLine(cel::ReportOf(*tree, checked));
  }
  std::string expected = one.fields["type"];
  if (checked.type == expected) return "";
  return "expected type " + expected + ", got " + checked.type;
}

// The vectors hold no results here; ours stand in expected_results.cc. Its
// document binds a variable for each of its keys.
std::string JudgeComprehension(const Case& one) {
  const ExpectedResult* expected = FindExpectedResult(one.name);
  if (expected == nullptr) return "no expected result is known";
  Environment environment;
  std::vector<std::string> names;
  Value document = ParseJson(expected->document, environment.arena).value();
  for (const MapEntry& entry : document.map().entries()) {
    names.emplace_back(entry.key.text());
    environment.bindings.push_back(entry.value);
  }
  environment.variables = cel::Variables(names);
  auto tree = cel::Parse(one.fields["original"]["expr"].get<std::string>());
  std::string got;
  std::vector<cel::Program> programs;
  if (!tree.ok()) {
    got = "refused: " + FirstLine(tree.status());
  } else if (auto value = Evaluate(*tree, environment, programs); value.ok()) {
    got = support::Show(*value);
  } else {
    got = FirstLine(value.status());
  }
  if (got == expected->result) return "";
  return "expected " + std::string(expected->result) + ", got " + got;
}

}  // namespace

bool SpeaksOfMessages(const Case& one) {
  static const std::regex kMessage(
      R"(TestAllTypes|cel\.expr\.conformance|objectValue|NestedEnum|GlobalEnum)"
      R"(|proto2|proto3|messageType|google\.protobuf\.(?!Timestamp|Duration))"
      R"(|google\.protobuf\.(Timestamp|Duration)\{)"
      R"(|"container":"google\.protobuf")");
  return std::regex_search(one.fields["original"].dump(), kMessage);
}

std::string FailureOf(const Case& one) {
  if (one.suite == "conformance")
    return JudgeConformance(one.fields["original"]);
  if (one.suite == "parsing") return JudgeParsing(one);
  if (one.suite == "checking") return JudgeChecking(one);
  return JudgeComprehension(one);
}

}  // namespace streamer::conformance
