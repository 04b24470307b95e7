#include "base/status.h"

namespace streamer {

Status InvalidArgument(const std::string& message) {
  return absl::InvalidArgumentError(message);
}
Status NotFound(const std::string& message) {
  return absl::NotFoundError(message);
}
Status AlreadyExists(const std::string& message) {
  return absl::AlreadyExistsError(message);
}
Status ResourceExhausted(const std::string& message) {
  return absl::ResourceExhaustedError(message);
}
Status OutOfRange(const std::string& message) {
  return absl::OutOfRangeError(message);
}
Status Unavailable(const std::string& message) {
  return absl::UnavailableError(message);
}
Status FailedPrecondition(const std::string& message) {
  return absl::FailedPreconditionError(message);
}
Status DataLoss(const std::string& message) {
  return absl::DataLossError(message);
}
Status Unimplemented(const std::string& message) {
  return absl::UnimplementedError(message);
}
Status Internal(const std::string& message) {
  return absl::InternalError(message);
}

std::string_view MessageOf(const Status& status) {
  return {status.message().data(), status.message().size()};
}

}  // namespace streamer
