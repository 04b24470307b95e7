// Filter, Explanation and the dry run.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/operators.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "base/arena.h"
#include "cel/parser.h"
#include "python/bindings.h"
#include "python/conversion.h"
#include "python/errors.h"
#include "python/event_object.h"
#include "python/filter_docs.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

SourcedFilter CompileFilter(FilterSource source) {
  Result<SourcedFilter> filter = Internal("not compiled");
  {
    const py::gil_scoped_release release;
    filter = SourcedFilter::Compile(std::move(source));
  }
  return ValueOrRaise(std::move(filter), Subject::kFilter);
}

SourcedFilter FilterFromExpression(std::string expression) {
  // In a FilterSource empty text says that there is no expression.
  if (expression.empty()) {
    RaiseIfError(cel::Parse(expression).status(), Subject::kFilter);
  }
  return CompileFilter({.conditions = {}, .expression = std::move(expression)});
}

// `number` is the condition's place, for messages.
Condition MakeCondition(std::size_t number, std::string field,
                        const std::string& op, py::handle value) {
  const std::string name = "filters[" + std::to_string(number) + "]";
  Result<Operator> parsed = ParseOperator(op);
  if (!parsed.ok()) {
    Raise(InvalidArgument(name +
                          ".op: " + std::string(MessageOf(parsed.status()))));
  }
  const auto arena = std::make_shared<Arena>();
  const Value constant = FromPython(value, name + ".value", *arena);
  return {.field = std::move(field),
          .op = *parsed,
          .value = OwnedValue(arena, constant)};
}

SourcedFilter FilterFromCondition(std::string field, const std::string& op,
                                  const py::object& value) {
  FilterSource source;
  source.conditions.push_back(MakeCondition(0, std::move(field), op, value));
  return CompileFilter(std::move(source));
}

// Conditions given as (field, op, value).
SourcedFilter FilterFromConditions(const py::iterable& conditions) {
  FilterSource source;
  for (const py::handle condition : conditions) {
    const std::size_t number = source.conditions.size();
    if (!py::isinstance<py::sequence>(condition) || py::len(condition) != 3 ||
        !py::isinstance<py::str>(condition[py::int_(0)]) ||
        !py::isinstance<py::str>(condition[py::int_(1)])) {
      throw py::type_error("where[" + std::to_string(number) +
                           "]: expected (field, op, value), got " +
                           std::string(py::repr(condition)));
    }
    source.conditions.push_back(MakeCondition(
        number, condition[py::int_(0)].cast<std::string>(),
        condition[py::int_(1)].cast<std::string>(), condition[py::int_(2)]));
  }
  return CompileFilter(std::move(source));
}

SourcedFilter AndFilters(const SourcedFilter& left,
                         const SourcedFilter& right) {
  Result<SourcedFilter> both = Internal("not compiled");
  {
    const py::gil_scoped_release release;
    both = SourcedFilter::And(left, right);
  }
  return ValueOrRaise(std::move(both), Subject::kFilter);
}

// What a filter is tried on, taken from Python with the GIL and presented to
// the filter without: an event, the value of a dict, or JSON that Python owns.
class TrialSubject {
 public:
  TrialSubject(py::handle object, std::string_view name)
      : object_(py::reinterpret_borrow<py::object>(object)) {
    if (py::isinstance<EventObject>(object)) {
      const EventRecord& record = object.cast<const EventObject&>().record();
      event_ = std::make_shared<const SourceEvent>(
          ValueOrRaise(SourceOf(record, 0)));
    } else if (PyDict_Check(object.ptr())) {
      arena_ = std::make_shared<Arena>();
      value_ = FromPython(object, name, *arena_);
    } else if (PyBytes_Check(object.ptr())) {
      // Of the object that is held here.
      json_ = {PyBytes_AS_STRING(object_.ptr()),
               static_cast<std::size_t>(PyBytes_GET_SIZE(object_.ptr()))};
    } else {
      text_ = JsonText(object, name);
      json_ = text_;
    }
  }

  // What `use` says about it. `arena` is scratch, reset here.
  template <typename Use>
  auto Present(Arena& arena, const Use& use) const
      -> Result<decltype(use(FilterInput()))> {
    arena.Reset();
    if (event_ != nullptr) {
      STREAMER_ASSIGN_OR_RETURN(const LoneEvent lone, LoneEvent::Make(event_));
      return use(lone.Input());
    }
    if (arena_ != nullptr) return use(MakeTrialInput(value_));
    STREAMER_ASSIGN_OR_RETURN(const Value document, ReadDocument(json_, arena));
    return use(MakeTrialInput(document));
  }

 private:
  py::object object_;  // keeps json_ alive
  std::shared_ptr<const SourceEvent> event_;
  std::shared_ptr<Arena> arena_;
  Value value_;
  std::string text_;
  std::string_view json_;
};

bool Matches(const SourcedFilter& filter, const py::object& object) {
  const TrialSubject subject(object, "document");
  Result<bool> is_match = false;
  {
    const py::gil_scoped_release release;
    Arena arena;
    is_match = subject.Present(arena, [&](const FilterInput& input) {
      return filter.compiled->Evaluate(input, arena).is_true();
    });
  }
  return ValueOrRaise(std::move(is_match));
}

// InvalidArgument names the first document that is malformed.
Result<std::vector<bool>> MatchAll(const Filter& filter,
                                   const std::vector<TrialSubject>& subjects) {
  Arena arena;
  std::vector<bool> answers;
  answers.reserve(subjects.size());
  for (const TrialSubject& subject : subjects) {
    const Result<bool> answer =
        subject.Present(arena, [&](const FilterInput& input) {
          return filter.Evaluate(input, arena).is_true();
        });
    if (!answer.ok()) {
      return InvalidArgument("documents[" + std::to_string(answers.size()) +
                             "]: " + std::string(MessageOf(answer.status())));
    }
    answers.push_back(*answer);
  }
  return answers;
}

std::vector<bool> MatchesMany(const SourcedFilter& filter,
                              const py::sequence& documents) {
  std::vector<TrialSubject> subjects;
  subjects.reserve(documents.size());
  for (const py::handle document : documents) {
    subjects.emplace_back(document,
                          "documents[" + std::to_string(subjects.size()) + "]");
  }
  Result<std::vector<bool>> answers = Internal("not matched");
  {
    const py::gil_scoped_release release;
    answers = MatchAll(*filter.compiled, subjects);
  }
  return ValueOrRaise(std::move(answers));
}

Explanation ExplainObject(const SourcedFilter& filter,
                          const py::object& object) {
  const TrialSubject subject(object, "document");
  Result<Explanation> explanation = Internal("not explained");
  {
    const py::gil_scoped_release release;
    Arena arena;
    explanation = subject.Present(arena, [&](const FilterInput& input) {
      return Explain(*filter.compiled, input);
    });
  }
  return ValueOrRaise(std::move(explanation));
}

py::tuple ConditionsOf(const SourcedFilter& filter) {
  py::tuple conditions(filter.source.conditions.size());
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Condition& condition = filter.source.conditions[i];
    conditions[i] =
        py::make_tuple(Text(condition.field), Text(Format(condition.op)),
                       ToPython(condition.value.value()));
  }
  return conditions;
}

std::string FilterText(const SourcedFilter& filter) {
  if (filter.compiled->is_match_all()) return "Filter.match_all()";
  return py::str("Filter.cel({!r})").format(Text(filter.compiled->text()));
}

bool AreEqual(const SourcedFilter& left, const SourcedFilter& right) {
  return left.compiled->canonical_key() == right.compiled->canonical_key();
}

void DefineFilter(py::module_& module) {
  py::class_<SourcedFilter>(module, "Filter", docs::kFilter)
      .def_static("cel", &FilterFromExpression, py::arg("expression"),
                  py::pos_only(), docs::kCel)
      .def_static("where", &FilterFromCondition, py::arg("field"),
                  py::arg("op"), py::arg("value"), py::pos_only(), docs::kWhere)
      .def_static(
          "match_all", [] { return CompileFilter({}); }, docs::kMatchAll)
      .def("__and__", &AndFilters, py::is_operator(), docs::kAnd)
      .def("matches", &Matches, py::arg("document"), py::pos_only(),
           docs::kMatches)
      .def("matches_many", &MatchesMany, py::arg("documents"), py::pos_only(),
           docs::kMatchesMany)
      .def("explain", &ExplainObject, py::arg("document"), py::pos_only(),
           docs::kExplain)
      .def_property_readonly(
          "text",
          [](const SourcedFilter& filter) {
            return Text(filter.compiled->text());
          },
          docs::kText)
      .def_property_readonly("conditions", &ConditionsOf, docs::kConditions)
      .def_property_readonly(
          "expression",
          [](const SourcedFilter& filter) {
            return Text(filter.source.expression);
          },
          docs::kExpression)
      .def_property_readonly(
          "is_match_all",
          [](const SourcedFilter& filter) {
            return filter.compiled->is_match_all();
          },
          docs::kIsMatchAll)
      .def("__eq__", &AreEqual, py::is_operator())
      .def("__hash__",
           [](const SourcedFilter& filter) {
             return py::hash(py::bytes(filter.compiled->canonical_key()));
           })
      .def("__repr__", &FilterText);
}

py::object NodeValue(const ExplainedNode& node) {
  if (!node.value.has_value() || !node.error.empty()) return py::none();
  return ToPython(node.value->value());
}

py::object NodeError(const ExplainedNode& node) {
  if (node.error.empty()) return py::none();
  return Text(node.error);
}

void DefineExplainedNode(py::module_& module) {
  using Node = ExplainedNode;
  py::class_<Node>(module, "ExplainedNode", docs::kNode)
      .def_property_readonly(
          "text", [](const Node& node) { return Text(node.text); },
          docs::kNodeText)
      .def_property_readonly(
          "was_evaluated",
          [](const Node& node) {
            return node.value.has_value() && node.error.empty();
          },
          docs::kNodeWasEvaluated)
      .def_property_readonly("value", &NodeValue, docs::kNodeValue)
      .def_property_readonly("error", &NodeError, docs::kNodeError)
      .def_property_readonly(
          "is_indexed", [](const Node& node) { return node.is_indexed; },
          docs::kNodeIsIndexed)
      .def_property_readonly(
          "is_access", [](const Node& node) { return node.is_access; },
          docs::kNodeIsAccess)
      .def_property_readonly(
          "turn",
          [](const Node& node) -> py::object {
            if (node.turn.empty()) return py::none();
            return Text(node.turn);
          },
          docs::kNodeTurn)
      .def_property_readonly(
          "children",
          [](const Node& node) { return py::tuple(py::cast(node.children)); },
          docs::kNodeChildren)
      .def("__repr__", [](const Node& node) {
        return std::string(
            py::str("ExplainedNode({!r})").format(Text(node.text)));
      });
}

// How an explanation looks in a terminal and in a notebook is written in
// Python, beside the libraries that show it.
py::object Rendered(const py::object& explanation, const char* form) {
  return py::module_::import("streamer._rendering").attr(form)(explanation);
}

void DefineExplanation(py::module_& module) {
  py::class_<Explanation>(module, "Explanation", docs::kExplanation)
      .def_property_readonly(
          "is_match", [](const Explanation& why) { return why.is_match; },
          docs::kExplanationIsMatch)
      .def_property_readonly(
          "sentence", [](const Explanation& why) { return Text(why.sentence); },
          docs::kSentence)
      .def_property_readonly(
          "tree", [](const Explanation& why) { return why.root; }, docs::kTree)
      .def_readonly("measured_cost", &Explanation::measured_cost,
                    docs::kMeasuredCost)
      .def_readonly("estimated_cost", &Explanation::estimated_cost,
                    docs::kEstimatedCost)
      .def_property_readonly(
          "warnings",
          [](const Explanation& why) {
            return py::tuple(py::cast(why.warnings));
          },
          docs::kWarnings)
      .def("__str__", [](const Explanation& why) { return Text(why.Format()); })
      .def("__repr__",
           [](const Explanation& why) {
             return std::string(
                 py::str("Explanation({!r})").format(Text(why.sentence)));
           })
      .def("_repr_html_",
           [](const py::object& why) { return Rendered(why, "as_html"); })
      .def("__rich__",
           [](const py::object& why) { return Rendered(why, "as_rich_tree"); });
}

// FilterTrial for Python. Runs with the GIL released.
class DryRun {
 public:
  explicit DryRun(const SourcedFilter& filter) : trial_(filter.compiled) {}

  py::list TryEvents(const py::list& events) {
    std::vector<Tried> batch;
    batch.reserve(events.size());
    for (const py::handle event : events) {
      batch.push_back(ReadEvent(event, tried_ + batch.size()));
    }
    {
      const py::gil_scoped_release release;
      for (Tried& tried : batch) tried.result = trial_.TryEvent(tried.event);
    }
    py::list rows;
    for (const Tried& tried : batch) rows.append(Row(tried, tried_++));
    return rows;
  }

 private:
  struct Tried {
    std::shared_ptr<const SourceEvent> event;
    bool has_time = false;
    Result<TrialResult> result = Internal("not tried");
  };

  // Filters see the beginning of Unix time where no time was given.
  static Tried ReadEvent(py::handle object, std::size_t index) {
    SourceEvent event = SourceFromPython(object, index, ToUnixMillis(kNoTime));
    const bool has_time = event.timestamp != kNoTime;
    if (!has_time) event.timestamp = WallTime();
    return {.event = std::make_shared<const SourceEvent>(std::move(event)),
            .has_time = has_time};
  }

  static py::tuple Row(const Tried& tried, std::size_t index) {
    if (!tried.result.ok()) {
      RaiseEventError(tried.result.status(), index,
                      "events[" + std::to_string(index) + "]");
    }
    const SourceEvent& event = *tried.event;
    const py::object time =
        tried.has_time ? py::cast(ToUnixMillis(event.timestamp)) : py::none();
    return py::make_tuple(
        Text(event.tenant), Text(event.collection), Text(event.document_id),
        Text(NameOf(tried.result->operation)), time,
        Text(NameOf(tried.result->outcome)), Text(tried.result->error));
  }

  FilterTrial trial_;
  std::size_t tried_ = 0;
};

}  // namespace

void DefineFilters(py::module_& module) {
  DefineFilter(module);
  DefineExplainedNode(module);
  DefineExplanation(module);
  py::class_<DryRun>(module, "DryRun", docs::kDryRun)
      .def(py::init<const SourcedFilter&>(), py::arg("filter"), py::pos_only(),
           docs::kDryRunInit)
      .def("try_events", &DryRun::TryEvents, py::arg("events"), py::pos_only(),
           docs::kDryRunTry);
}

std::shared_ptr<const Filter> FilterFromArguments(
    const SourcedFilter* filter, const std::optional<std::string>& expression,
    const py::object& where) {
  SourcedFilter asked =
      filter != nullptr ? *filter : CompileFilter(FilterSource());
  if (expression.has_value()) {
    asked = AndFilters(asked, FilterFromExpression(*expression));
  }
  if (!where.is_none()) {
    asked = AndFilters(asked, FilterFromConditions(where));
  }
  return asked.compiled;
}

}  // namespace streamer::python
