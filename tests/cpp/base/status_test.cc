#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace streamer {
namespace {

TEST(StatusTest, EachFactoryGivesItsCodeAndKeepsTheMessage) {
  const std::pair<Status, absl::StatusCode> cases[] = {
      {InvalidArgument("m"), absl::StatusCode::kInvalidArgument},
      {NotFound("m"), absl::StatusCode::kNotFound},
      {AlreadyExists("m"), absl::StatusCode::kAlreadyExists},
      {ResourceExhausted("m"), absl::StatusCode::kResourceExhausted},
      {OutOfRange("m"), absl::StatusCode::kOutOfRange},
      {Unavailable("m"), absl::StatusCode::kUnavailable},
      {FailedPrecondition("m"), absl::StatusCode::kFailedPrecondition},
      {DataLoss("m"), absl::StatusCode::kDataLoss},
      {Unimplemented("m"), absl::StatusCode::kUnimplemented},
      {Internal("m"), absl::StatusCode::kInternal},
  };
  for (const auto& [status, code] : cases) {
    EXPECT_EQ(status.code(), code);
    EXPECT_EQ(MessageOf(status), "m");
  }
  EXPECT_TRUE(OkStatus().ok());
  EXPECT_EQ(MessageOf(OkStatus()), "");
}

Status FailIf(bool failing, int& steps) {
  STREAMER_RETURN_IF_ERROR(failing ? NotFound("step") : OkStatus());
  ++steps;
  return OkStatus();
}

TEST(StatusTest, ReturnIfErrorLeavesOnlyOnFailure) {
  int steps = 0;
  EXPECT_TRUE(FailIf(false, steps).ok());
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(FailIf(true, steps), NotFound("step"));
  EXPECT_EQ(steps, 1);
}

Result<std::unique_ptr<int>> MakeNumber(bool failing) {
  if (failing) return OutOfRange("number");
  return std::make_unique<int>(4);
}

Result<int> AddTwoNumbers(bool second_fails) {
  STREAMER_ASSIGN_OR_RETURN(std::unique_ptr<int> first, MakeNumber(false));
  STREAMER_ASSIGN_OR_RETURN(auto second, MakeNumber(second_fails));
  return *first + *second;
}

TEST(StatusTest, AssignOrReturnMovesTheValueOrReturnsTheStatus) {
  EXPECT_EQ(AddTwoNumbers(false).value(), 8);
  EXPECT_EQ(AddTwoNumbers(true).status(), OutOfRange("number"));
}

}  // namespace
}  // namespace streamer
