#include "sim/judge/log_reader.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/rocksdb_event_log.h"

namespace streamer::sim {
namespace {

namespace fs = std::filesystem;

// A folder that goes with it.
class Copy {
 public:
  static Result<std::unique_ptr<Copy>> Of(const std::string& folder) {
    // An empty one would be made a log.
    if (!fs::is_directory(folder) || fs::is_empty(folder)) {
      return InvalidArgument(
          absl::StrCat(folder, ": expected the folder of a log, got none"));
    }
    std::string made = (fs::temp_directory_path() / "judge.XXXXXX").string();
    if (mkdtemp(made.data()) == nullptr) {
      return Unavailable(
          absl::StrCat(made, ": cannot be made: ", std::strerror(errno)));
    }
    auto copy = std::unique_ptr<Copy>(new Copy(made));
    std::error_code error;
    fs::copy(folder, copy->path(), fs::copy_options::recursive, error);
    if (error) {
      return Unavailable(
          absl::StrCat(folder, ": cannot be copied: ", error.message()));
    }
    return copy;
  }
  ~Copy() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  [[nodiscard]] std::string path() const { return root_ + "/log"; }

 private:
  explicit Copy(std::string root) : root_(std::move(root)) {}
  const std::string root_;
};

Result<ReadLog> ReadAll(const EventLog& log) {
  ReadLog read{{}, log.history()};
  if (log.first().offset > 1) {
    return OutOfRange(
        absl::StrCat("expected a log from offset 1, got one from ",
                     FormatProgress(log.first())));
  }
  constexpr std::size_t kAtOnce = 4096;
  while (read.entries.size() < log.head().offset) {
    const Position after = read.history.At(read.entries.size());
    STREAMER_RETURN_IF_ERROR(log.Read(after, kAtOnce, read.entries));
  }
  return read;
}

}  // namespace

Result<ReadLog> ReadStoppedLog(const std::string& folder) {
  auto copy = Copy::Of(folder);
  if (!copy.ok()) return copy.status();
  // It is given to a new log only, and there is one.
  const auto log = RocksDbEventLog::Open(
      {.path = (*copy)->path(), .identity = "0123456789abcdef"}, {});
  Result<ReadLog> read =
      log.ok() ? ReadAll(**log) : Result<ReadLog>(log.status());
  if (read.ok()) return read;
  return Status(read.status().code(),
                absl::StrCat(folder, ": ", read.status().message()));
}

}  // namespace streamer::sim
