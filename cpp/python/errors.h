// A Status as a Python exception: the one place where it is decided which
// class of streamer/errors.py a failure becomes.
//
// REQUIRES of every function: the GIL is held.
#ifndef STREAMER_PYTHON_ERRORS_H_
#define STREAMER_PYTHON_ERRORS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <pybind11/pybind11.h>

#include "base/status.h"

namespace streamer::python {

// What was asked about when it failed.
enum class Subject : std::uint8_t {
  kOperation,  // anything
  kFilter,     // a filter: an InvalidArgument is always a FilterError
};

// The exception for `status`, not raised. REQUIRES: it is not OK.
pybind11::object ToException(const Status& status,
                             Subject subject = Subject::kOperation);

// Raises it.
[[noreturn]] void Raise(const Status& status,
                        Subject subject = Subject::kOperation);

// Raises EventError for the event at `index`; `where` stands before the
// message: "events[3]: expected …".
[[noreturn]] void RaiseEventError(const Status& status, std::size_t index,
                                  const std::string& where);

inline void RaiseIfError(const Status& status,
                         Subject subject = Subject::kOperation) {
  if (!status.ok()) Raise(status, subject);
}

template <typename T>
T ValueOrRaise(Result<T> result, Subject subject = Subject::kOperation) {
  if (!result.ok()) Raise(result.status(), subject);
  return *std::move(result);
}

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_ERRORS_H_
