// CelProgram, CelNode and CelDocuments: what `streamer.cel` shows.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "cel/parser.h"
#include "python/bindings.h"
#include "python/cel_declared.h"
#include "python/cel_docs.h"
#include "python/cel_program.h"
#include "python/conversion.h"
#include "python/errors.h"
#include "value/json.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

using ProgramPointer = std::shared_ptr<CelProgram>;

// So many documents are evaluated between two looks at Python, or as many as
// fill so much memory: what all of them made is held at once.
constexpr std::size_t kChunk = 512;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

py::object CelModule() { return py::module_::import("streamer.cel"); }

py::object PositionObject(cel::SourcePosition position) {
  return py::module_::import("streamer.errors")
      .attr("Position")(position.offset, position.line, position.column);
}

py::object ProblemObject(const CelProblem& problem) {
  return CelModule().attr("Problem")(
      Text(problem.code), PositionObject(problem.position),
      Text(problem.expected), Text(problem.got), Text(problem.message));
}

py::tuple ProblemTuple(const std::vector<CelProblem>& problems) {
  py::tuple objects(problems.size());
  for (std::size_t i = 0; i < problems.size(); ++i) {
    objects[i] = ProblemObject(problems[i]);
  }
  return objects;
}

[[noreturn]] void RaiseRefusal(const CelRefusal& refusal) {
  py::object error = ToException(refusal.status, Subject::kFilter);
  error.attr("problems") = ProblemTuple(refusal.problems);
  PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
  throw py::error_already_set();
}

ProgramPointer CompileProgram(
    const std::string& text,
    const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<cel::Declaration> declarations;
  declarations.reserve(variables.size());
  for (const auto& [name, type] : variables) {
    declarations.push_back({name, type});
  }
  CelProgram::Outcome outcome;
  {
    const py::gil_scoped_release release;
    auto declared = cel::Variables::Declare(declarations);
    outcome = declared.ok() ? CelProgram::Compile(text, *std::move(declared))
                            : CelRefusal{declared.status(), {}};
  }
  if (const auto* refusal = std::get_if<CelRefusal>(&outcome)) {
    RaiseRefusal(*refusal);
  }
  return std::get<ProgramPointer>(std::move(outcome));
}

py::object ErrorObject(const ErrorValue& error) {
  return py::module_::import("streamer.errors")
      .attr("EvaluationError")(Text(error.message), Text(NameOf(error.code)));
}

// An error is returned and not raised: in a column it is one answer of many.
py::object ResultObject(const Value& value) {
  if (value.is_error()) return ErrorObject(value.error());
  try {
    return ToPython(value);
  } catch (py::error_already_set& error) {
    const py::object kind =
        py::module_::import("streamer.errors").attr("EvaluationError");
    if (!error.matches(kind)) throw;
    return error.value();
  }
}

// A str or bytes is JSON; everything else is converted.
Value ReadValue(py::handle object, const std::string& name, Arena& arena) {
  if (!PyUnicode_Check(object.ptr()) && !PyBytes_Check(object.ptr())) {
    return FromPython(object, name, arena, Accepts::kCel);
  }
  Result<Value> value =
      ParseJson(arena.CopyText(object.cast<std::string>()), arena);
  if (!value.ok()) {
    Raise(
        InvalidArgument(name + ": " + std::string(MessageOf(value.status()))));
  }
  return *value;
}

Value NotGiven(const std::string& name, Arena& arena) {
  return Value::Error(arena, ErrorCode::kUnknownVariable,
                      "no value for variable: " + name);
}

// The values of a program's variables; one that is not given, or not what was
// declared, is an error, as CEL has it, which matters only where it is used.
std::vector<Value> ReadBindings(const CelProgram& program, py::handle object,
                                Arena& arena) {
  const Value given = ReadValue(object, "variables", arena);
  if (!given.is(ValueKind::kMap)) {
    Raise(InvalidArgument("variables: expected an object, got " +
                          std::string(NameOf(given.kind()))));
  }
  const cel::Variables& variables = program.variables();
  std::vector<Value> bindings;
  for (std::size_t slot = 0; slot < variables.names().size(); ++slot) {
    const std::string& name = variables.names()[slot];
    const Value* value = given.map().Find(name);
    bindings.push_back(
        value != nullptr ? AsDeclared(variables.type(slot), *value, name, arena)
                         : NotGiven(name, arena));
  }
  return bindings;
}

std::pair<py::object, cel::Units> Measure(const CelProgram& program,
                                          py::handle variables,
                                          cel::Units budget) {
  Arena arena;
  const std::vector<Value> bindings = ReadBindings(program, variables, arena);
  cel::Meter meter(budget);
  Value value;
  {
    const py::gil_scoped_release release;
    value = program.Evaluate(bindings, arena, meter);
  }
  return {ResultObject(value), meter.used()};
}

py::object EvaluateOne(const CelProgram& program, py::handle variables,
                       cel::Units budget) {
  py::object result = Measure(program, variables, budget).first;
  if (PyExceptionInstance_Check(result.ptr())) {
    PyErr_SetObject(py::type::handle_of(result).ptr(), result.ptr());
    throw py::error_already_set();
  }
  return result;
}

// Which of a program's variables each document of a column is.
std::size_t ColumnSlot(const CelProgram& program,
                       const std::optional<std::string>& variable) {
  const std::vector<std::string>& names = program.variables().names();
  if (!variable.has_value()) {
    if (names.size() == 1) return 0;
    Raise(InvalidArgument(
        "variable: expected the name of the variable that each document is, "
        "since the program has " +
        std::to_string(names.size())));
  }
  const auto slot = program.variables().Find(*variable);
  if (!slot.has_value()) {
    Raise(InvalidArgument("variable: expected one that was declared, got \"" +
                          *variable + "\""));
  }
  return *slot;
}

// Evaluates a program over many documents, a chunk at a time.
class ColumnRun {
 public:
  ColumnRun(const CelProgram& program, std::size_t slot, cel::Units budget)
      : program_(program), slot_(slot), budget_(budget) {
    for (const std::string& name : program.variables().names()) {
      bindings_.push_back(NotGiven(name, names_));
    }
  }

  // Appends what the program makes of a chunk of `documents`, and returns how
  // many it were.
  std::size_t Append(std::span<const Value> documents, py::list& results) {
    {
      const py::gil_scoped_release release;
      arena_.Reset();
      values_.clear();
      const cel::Type& type = program_.variables().type(slot_);
      const std::string& name = program_.variables().names()[slot_];
      for (const Value& document : documents) {
        bindings_[slot_] = AsDeclared(type, document, name, arena_);
        cel::Meter meter(budget_);
        values_.push_back(program_.Evaluate(bindings_, arena_, meter));
        if (values_.size() == kChunk || arena_.capacity_bytes() > kChunkBytes) {
          break;
        }
      }
    }
    for (const Value& value : values_) results.append(ResultObject(value));
    return values_.size();
  }

 private:
  const CelProgram& program_;
  const std::size_t slot_;
  const cel::Units budget_;
  Arena names_;
  std::vector<Value> bindings_;
  Arena arena_;  // of the results of one chunk
  std::vector<Value> values_;
};

// Documents as they are; any other column as streamer.cel.Documents reads it.
std::shared_ptr<CelDocuments> DocumentsOf(const py::object& column) {
  if (py::isinstance<CelDocuments>(column)) {
    return column.cast<std::shared_ptr<CelDocuments>>();
  }
  return CelModule()
      .attr("Documents")(column)
      .cast<std::shared_ptr<CelDocuments>>();
}

py::list EvaluateMany(const CelProgram& program, const py::object& column,
                      const std::optional<std::string>& variable,
                      cel::Units budget) {
  ColumnRun run(program, ColumnSlot(program, variable), budget);
  const std::shared_ptr<CelDocuments> documents = DocumentsOf(column);
  py::list results;
  std::span<const Value> rest(documents->values);
  while (!rest.empty()) {
    rest = rest.subspan(run.Append(rest, results));
  }
  return results;
}

std::shared_ptr<CelDocuments> ReadDocuments(const py::list& column) {
  auto documents = std::make_shared<CelDocuments>();
  documents->values.reserve(column.size());
  for (const py::handle object : column) {
    const std::string name =
        "documents[" + std::to_string(documents->values.size()) + "]";
    documents->values.push_back(ReadValue(object, name, documents->arena));
  }
  return documents;
}

// A node keeps its program, in whose memory it lies.
struct CelNode {
  ProgramPointer program;
  const cel::Expr* expression;
};

py::tuple NodeChildren(const CelNode& node) {
  const auto children = ChildrenOf(*node.expression);
  py::tuple objects(children.size());
  for (std::size_t i = 0; i < children.size(); ++i) {
    objects[i] = py::cast(CelNode{node.program, children[i]});
  }
  return objects;
}

py::object NodeValue(const CelNode& node) {
  if (node.expression->kind != cel::ExprKind::kLiteral) return py::none();
  return ToPython(node.expression->literal);
}

void DefineNode(py::module_& module) {
  py::class_<CelNode>(module, "CelNode", docs::kCelNode)
      .def_property_readonly(
          "kind",
          [](const CelNode& node) {
            return Text(NameOf(node.expression->kind));
          },
          docs::kCelNodeKind)
      .def_property_readonly(
          "name",
          [](const CelNode& node) { return Text(node.expression->name); },
          docs::kCelNodeName)
      .def_property_readonly("value", &NodeValue, docs::kCelNodeValue)
      .def_property_readonly(
          "position",
          [](const CelNode& node) {
            return PositionObject(node.expression->position);
          },
          docs::kCelNodePosition)
      .def_property_readonly("children", &NodeChildren, docs::kCelNodeChildren)
      .def("__repr__", [](const CelNode& node) {
        return Text(FormatTree(*node.expression));
      });
}

void DefineProgram(py::module_& module) {
  py::class_<CelProgram, std::shared_ptr<CelProgram>>(module, "CelProgram",
                                                      docs::kCelProgram)
      .def("eval", &EvaluateOne, py::arg("variables"), py::pos_only(),
           py::kw_only(), py::arg("budget") = cel::kEvaluationBudget,
           docs::kCelEval)
      .def("measure", &Measure, py::arg("variables"), py::pos_only(),
           py::kw_only(), py::arg("budget") = cel::kEvaluationBudget,
           docs::kCelMeasure)
      .def("eval_many", &EvaluateMany, py::arg("documents"), py::pos_only(),
           py::kw_only(), py::arg("variable") = py::none(),
           py::arg("budget") = cel::kEvaluationBudget, docs::kCelEvalMany)
      .def_property_readonly(
          "text",
          [](const CelProgram& program) { return Text(program.tree().text()); },
          docs::kCelText)
      .def_property_readonly(
          "type",
          [](const CelProgram& program) {
            return Text(program.checked().type);
          },
          docs::kCelType)
      .def_property_readonly("cost", &CelProgram::estimate, docs::kCelCost)
      .def_property_readonly(
          "warnings",
          [](const CelProgram& program) {
            return ProblemTuple(ProblemsOf(program.checked().warnings));
          },
          docs::kCelWarnings)
      .def_property_readonly(
          "ast",
          [](const std::shared_ptr<CelProgram>& program) {
            return CelNode{program, &program->tree().root()};
          },
          docs::kCelAst)
      .def("__repr__", [](const CelProgram& program) {
        return std::string(
            py::str("cel.compile({!r})").format(Text(program.tree().text())));
      });
}

}  // namespace

void DefineCel(py::module_& module) {
  DefineNode(module);
  DefineProgram(module);
  py::class_<CelDocuments, std::shared_ptr<CelDocuments>>(
      module, "CelDocuments", docs::kCelDocuments)
      .def(py::init(&ReadDocuments), py::arg("column"), py::pos_only(),
           docs::kCelDocumentsInit)
      .def("__len__", [](const CelDocuments& documents) {
        return documents.values.size();
      });
  module.def("compile_cel", &CompileProgram, py::arg("text"),
             py::arg("variables"), py::pos_only(), docs::kCompileCel);
}

}  // namespace streamer::python
