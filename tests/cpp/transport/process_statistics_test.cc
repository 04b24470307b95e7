#include "transport/internal/process_statistics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fcntl.h>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

namespace streamer {
namespace {

TEST(ProcessStatisticsTest, OpenDescriptorsAreCounted) {
  const double before = ReadProcessStatistics().open_descriptors;
  const int descriptor = open("/dev/null", O_RDONLY);
  EXPECT_EQ(ReadProcessStatistics().open_descriptors, before + 1);
  close(descriptor);
  EXPECT_EQ(ReadProcessStatistics().open_descriptors, before);
}

TEST(ProcessStatisticsTest, MemoryGrowsWithWhatIsTouched) {
  const double before = ReadProcessStatistics().resident_bytes;
  constexpr std::size_t kBytes = 64u << 20;
  const std::vector<char> touched(kBytes, 'x');
  EXPECT_GT(ReadProcessStatistics().resident_bytes, before + kBytes / 2.0);
  EXPECT_GE(ReadProcessStatistics().virtual_bytes,
            ReadProcessStatistics().resident_bytes);
  EXPECT_EQ(touched.back(), 'x');
}

TEST(ProcessStatisticsTest, ThreadsAreCounted) {
  const double before = ReadProcessStatistics().threads;
  double with_one_more = 0;
  std::thread([&] { with_one_more = ReadProcessStatistics().threads; }).join();
  EXPECT_EQ(with_one_more, before + 1);
}

TEST(ProcessStatisticsTest, TheStartIsInThePast) {
  const auto now = std::chrono::duration<double>(
      std::chrono::system_clock::now().time_since_epoch());
  const ProcessStatistics process = ReadProcessStatistics();
  // The kernel's boot time is in whole seconds.
  EXPECT_LE(process.start_time_seconds, now.count() + 2);
  EXPECT_GT(process.start_time_seconds, now.count() - 24 * 3600);
  EXPECT_GT(process.max_descriptors, process.open_descriptors);
}

TEST(ProcessStatisticsTest, CpuTimeGrowsWithWork) {
  const double before = ReadProcessStatistics().cpu_seconds;
  volatile std::size_t work = 0;
  while (ReadProcessStatistics().cpu_seconds <= before) work = work + 1;
  SUCCEED();
}

}  // namespace
}  // namespace streamer
