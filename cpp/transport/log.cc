#include "transport/log.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace streamer {
namespace {

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string Dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string FormatLogMembers(std::string_view message,
                             std::initializer_list<LogField> fields) {
  std::string members = "\"message\":" + Dump(message);
  for (const LogField& field : fields) {
    members += ',' + Dump(field.name) + ':';
    std::visit([&](const auto& value) { members += Dump(value); }, field.value);
  }
  return members;
}

void Log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields) {
  const spdlog::level::level_enum at = SpdlogLevel(level);
  if (!spdlog::should_log(at)) return;
  // A string_view is logged as it is; a format string would read its braces.
  spdlog::default_logger_raw()->log(
      at, spdlog::string_view_t(FormatLogMembers(message, fields)));
}

}  // namespace streamer
