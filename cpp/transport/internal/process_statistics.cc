#include "transport/internal/process_statistics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace streamer {
namespace {

// The fields of /proc/self/stat after the program's name, which may itself
// hold spaces and parentheses; the first one here is field 3 of proc(5).
std::vector<std::string> ReadStatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

// Field `number` of proc(5), or 0.
double Field(const std::vector<std::string>& fields, std::size_t number) {
  const std::size_t index = number - 3;
  return index < fields.size() ? std::stod(fields[index]) : 0;
}

double ReadBootTime() {
  std::ifstream file("/proc/stat");
  std::string name;
  double seconds = 0;
  while (file >> name) {
    if (name == "btime" && file >> seconds) return seconds;
    std::getline(file, name);
  }
  return 0;
}

double CountDescriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<double>(
      std::distance(begin(entries), std::filesystem::directory_iterator()));
}

double ReadDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessStatistics ReadProcessStatistics() {
  const std::vector<std::string> fields = ReadStatFields();
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  return {.cpu_seconds = (Field(fields, 14) + Field(fields, 15)) / ticks,
          .resident_bytes = Field(fields, 24) * page,
          .virtual_bytes = Field(fields, 23),
          .open_descriptors = CountDescriptors(),
          .max_descriptors = ReadDescriptorLimit(),
          .threads = Field(fields, 20),
          .start_time_seconds = ReadBootTime() + Field(fields, 22) / ticks};
}

}  // namespace streamer
