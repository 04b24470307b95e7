// Python objects to values, and back.
//
//   None bool int float str list tuple dict   ◀──▶   the JSON values
//
// An int becomes int where it fits, else uint, else the double it rounds to,
// as in JSON text. Whatever has __index__ is an int and whatever has __float__
// a float, numpy's scalars among them; numpy's arrays are lists, and whatever
// is a collections.abc.Mapping a map. What JSON lacks (NaN, sets, bytes, keys
// that are no str) is refused by the path at which it stands.
//
// CEL has more than JSON, and so has what it is given (Accepts::kCel):
//
//   bytes bytearray memoryview    ──▶   bytes
//   datetime with a time zone     ──▶   timestamp
//   timedelta                     ──▶   duration
//   nan inf, keys bool and int    ──▶   themselves
//
// and an int of more than 64 bits is refused.
//
// REQUIRES of every function: the GIL is held.
#ifndef STREAMER_PYTHON_CONVERSION_H_
#define STREAMER_PYTHON_CONVERSION_H_

#include <string>
#include <string_view>

#include <pybind11/pybind11.h>

#include "base/arena.h"
#include "base/status.h"
#include "value/value.h"

namespace streamer::python {

enum class Accepts { kJson, kCel };

// The value of `object`, built in `arena`. Raises TypeError or
// InvalidArgument, whose message begins with `name` and the path below it.
Value FromPython(pybind11::handle object, std::string_view name, Arena& arena,
                 Accepts accepts = Accepts::kJson);

// A new Python object. Timestamps are aware datetimes, durations timedeltas,
// both to the microsecond; a type is its name; an optional its content or
// None; an error its message. Raises EvaluationError for a map with keys that
// a dict cannot hold side by side: true and 1, false and 0.
pybind11::object ToPython(const Value& value);

// The text of `object`, a str or bytes, or a dict converted to JSON. Raises
// TypeError for anything else.
std::string JsonText(pybind11::handle object, std::string_view name);

// A str of UTF-8 text; invalid bytes become U+FFFD.
pybind11::str Text(std::string_view text);

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_CONVERSION_H_
