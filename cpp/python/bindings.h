// The parts of `_core`, each in a file of its own, in the order in which they
// must be defined.
#ifndef STREAMER_PYTHON_BINDINGS_H_
#define STREAMER_PYTHON_BINDINGS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <pybind11/pybind11.h>

#include "base/status.h"
#include "event/change_event.h"
#include "python/event_records.h"
#include "python/filter_trial.h"

namespace streamer::python {

void DefineEvents(pybind11::module_& module);   // Event, Delivery
void DefineFilters(pybind11::module_& module);  // Filter, Explanation, …
void DefineCel(pybind11::module_& module);      // CelProgram, CelNode, …
void DefineCore(pybind11::module_& module);     // Core, Subscription, …
// Session, before Core; and Core.session, which opens one, after it.
void DefineSession(pybind11::module_& module);
void DefineOpenSession(pybind11::module_& module);

// An event, a dict or a line of NDJSON as an event. Raises EventError for a
// malformed one; TypeError.
SourceEvent SourceFromPython(pybind11::handle object, std::size_t index,
                             std::int64_t default_ms);

// What `filter`, `expression` and `where` of a subscribe ask for together.
std::shared_ptr<const Filter> FilterFromArguments(
    const SourcedFilter* filter, const std::optional<std::string>& expression,
    const pybind11::object& where);

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_BINDINGS_H_
