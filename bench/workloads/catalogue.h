// Every workload, by name.
#ifndef STREAMER_BENCH_WORKLOADS_CATALOGUE_H_
#define STREAMER_BENCH_WORKLOADS_CATALOGUE_H_

#include <span>
#include <string_view>

#include "base/status.h"
#include "workloads/workload.h"

namespace streamer::workloads {

struct Entry {
  std::string_view name;
  std::string_view summary;
  Workload (*make)(const Shape& shape);
};

std::span<const Entry> Catalogue();

// NotFound lists the names there are.
Result<Workload> MakeWorkload(std::string_view name, const Shape& shape);

}  // namespace streamer::workloads

#endif  // STREAMER_BENCH_WORKLOADS_CATALOGUE_H_
