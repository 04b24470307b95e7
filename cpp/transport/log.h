// Log: one line of the process's log, a message and named fields.
//
//   Log(LogLevel::kInfo, "gateway connected", {{"gateway", id}});
//
// The message is a constant that can be searched for; whatever varies is a
// field. The process decides format and place (service/logging.h); until then
// lines go where spdlog's default logger writes.
//
// Thread-safety: from any thread.
#ifndef STREAMER_TRANSPORT_LOG_H_
#define STREAMER_TRANSPORT_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace streamer {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double> value;
};

void Log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {});

// The members of a JSON object that Log hands on: `"message":"…","gateway":…`.
// Bytes that are not UTF-8 are written as U+FFFD, so that a line stays JSON
// whatever a peer sent.
std::string FormatLogMembers(std::string_view message,
                             std::initializer_list<LogField> fields);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_LOG_H_
