#include "python/errors.h"

#include <optional>
#include <string_view>

#include "cel/parser.h"
#include "python/conversion.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

py::object ErrorsModule() { return py::module_::import("streamer.errors"); }

// A filter's message names its conditions so; see filter/filter.h.
constexpr std::string_view kConditionPrefix = "filters[";

py::object FilterPosition(const Status& status) {
  const auto position = cel::PositionOf(status);
  if (!position.has_value()) return py::none();
  return ErrorsModule().attr("Position")(position->offset, position->line,
                                         position->column);
}

bool IsAboutFilter(const Status& status, Subject subject) {
  return subject == Subject::kFilter || cel::PositionOf(status).has_value() ||
         MessageOf(status).starts_with(kConditionPrefix);
}

// The quota that a message names; see core/registry.h.
py::object QuotaScope(std::string_view message) {
  for (const char* scope : {"gateway", "tenant", "node", "collection"}) {
    const std::string words = std::string(" per ") + scope;
    if (message.find(words) != std::string_view::npos) return py::str(scope);
  }
  return py::none();
}

const char* ClassName(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return "InvalidArgument";
    case absl::StatusCode::kNotFound:
      return "NotFound";
    case absl::StatusCode::kAlreadyExists:
      return "AlreadyExists";
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return "PermissionDenied";
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return "Unavailable";
    case absl::StatusCode::kCancelled:
      return "ClosedError";
    default:
      return "Error";
  }
}

[[noreturn]] void RaiseObject(const py::object& exception) {
  PyErr_SetObject(py::type::handle_of(exception).ptr(), exception.ptr());
  throw py::error_already_set();
}

}  // namespace

py::object ToException(const Status& status, Subject subject) {
  const py::object errors = ErrorsModule();
  const py::str message = Text(MessageOf(status));
  if (status.code() == absl::StatusCode::kInvalidArgument &&
      IsAboutFilter(status, subject)) {
    return errors.attr("FilterError")(message, FilterPosition(status));
  }
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    return errors.attr("QuotaExceeded")(message, QuotaScope(MessageOf(status)));
  }
  return errors.attr(ClassName(status.code()))(message);
}

void Raise(const Status& status, Subject subject) {
  RaiseObject(ToException(status, subject));
}

void RaiseEventError(const Status& status, std::size_t index,
                     const std::string& where) {
  const std::string message = where + ": " + std::string(MessageOf(status));
  RaiseObject(ErrorsModule().attr("EventError")(Text(message), index));
}

}  // namespace streamer::python
