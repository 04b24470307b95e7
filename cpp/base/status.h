// Status and Result<T>: how an operation fails.
//
// Streamer has two error channels and never mixes them. A CEL expression that
// fails on a document yields an error *value* (value/value.h). An operation
// that cannot be done returns a Status from here; its message says what was
// expected, what was got, and where.
//
// Status is absl::Status. The factories below exist because Debian's
// absl::string_view is not std::string_view; they take std::string.
//
// Thread-safety: values; copies may be used by different threads.
#ifndef STREAMER_BASE_STATUS_H_
#define STREAMER_BASE_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamer {

using Status = absl::Status;
template <typename T>
using Result = absl::StatusOr<T>;

inline Status OkStatus() { return absl::OkStatus(); }

// The caller's input is wrong, whatever the state of the system.
[[nodiscard]] Status InvalidArgument(const std::string& message);
// The thing named does not exist.
[[nodiscard]] Status NotFound(const std::string& message);
// The thing to be made exists already, and differs.
[[nodiscard]] Status AlreadyExists(const std::string& message);
// A quota or a bound is used up; the message names it.
[[nodiscard]] Status ResourceExhausted(const std::string& message);
// The position asked for is no longer, or not yet, held.
[[nodiscard]] Status OutOfRange(const std::string& message);
// The system cannot do this now; trying again later may succeed.
[[nodiscard]] Status Unavailable(const std::string& message);
// The input is right, but the state of the system forbids it.
[[nodiscard]] Status FailedPrecondition(const std::string& message);
// Continuity was lost.
[[nodiscard]] Status DataLoss(const std::string& message);
// Not offered by this version.
[[nodiscard]] Status Unimplemented(const std::string& message);
// A defect of ours.
[[nodiscard]] Status Internal(const std::string& message);

// The message of `status` as the standard's string_view.
std::string_view MessageOf(const Status& status);

}  // namespace streamer

// Returns the Status of `expression` from the enclosing function if it failed.
#define STREAMER_RETURN_IF_ERROR(expression)                \
  do {                                                      \
    if (::streamer::Status streamer_status_ = (expression); \
        !streamer_status_.ok()) {                           \
      return streamer_status_;                              \
    }                                                       \
  } while (false)

#define STREAMER_CONCAT_INNER_(a, b) a##b
#define STREAMER_CONCAT_(a, b) STREAMER_CONCAT_INNER_(a, b)
#define STREAMER_ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = (expression);                                       \
  if (!result.ok()) return std::move(result).status();              \
  declaration = std::move(result).value()
// Declares or assigns the value of a Result, or returns its Status.
#define STREAMER_ASSIGN_OR_RETURN(declaration, expression)                 \
  STREAMER_ASSIGN_OR_RETURN_(STREAMER_CONCAT_(streamer_result_, __LINE__), \
                             declaration, expression)

#endif  // STREAMER_BASE_STATUS_H_
