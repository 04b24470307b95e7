// AsDeclared: a value as the type that its variable was declared with.
//
// Python and JSON write numbers and times in fewer ways than CEL, so what is
// given is converted where nothing can be meant but that:
//
//   int                       ──▶   uint, where it is not negative; double
//   text                      ──▶   timestamp, duration, as CEL reads them
//   null, anything else       ──▶   an optional without and with content
//
// What does not fit is an error value, which matters only where the expression
// uses the variable, as one that was not given does.
//
// Cost: of `dyn`, `map(string, dyn)` and `list(dyn)` nothing, for their content
// is not looked at; else linear in the value.
#ifndef STREAMER_PYTHON_CEL_DECLARED_H_
#define STREAMER_PYTHON_CEL_DECLARED_H_

#include <string_view>

#include "base/arena.h"
#include "cel/types.h"
#include "value/value.h"

namespace streamer::python {

// `name` is what messages begin with. What is made lives in `arena`.
Value AsDeclared(const cel::Type& type, const Value& value,
                 std::string_view name, Arena& arena);

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_CEL_DECLARED_H_
