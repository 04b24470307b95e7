// What the kernel says of this process, for the process metrics.
//
// Thread-safety: a pure read; from any thread.
#ifndef STREAMER_TRANSPORT_INTERNAL_PROCESS_STATISTICS_H_
#define STREAMER_TRANSPORT_INTERNAL_PROCESS_STATISTICS_H_

namespace streamer {

// Doubles, as Prometheus wants them. What cannot be read is 0.
struct ProcessStatistics {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_descriptors = 0;
  double max_descriptors = 0;
  double threads = 0;
  double start_time_seconds = 0;
};

ProcessStatistics ReadProcessStatistics();

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_PROCESS_STATISTICS_H_
