// The bytes of a Bloom summary, to be read by another process.
//
//   offset  size  what
//        0     4  "SBLM"
//        4     1  version: 1
//        5     1  1 when the answer is always maybe, else 0
//        6     2  number of paths
//        8     4  number of blocks, at least 1
//       12        the paths: variable (1), length of text (4), text
//                 the blocks: eight words of 8 bytes each
//     last     8  XXH3 of all before
//
// Numbers are little-endian. The hash of a key is that of SummaryPath::hash and
// value/ordering.h; a change of either is a new version.
#ifndef STREAMER_INDEX_INTERNAL_SUMMARY_FORMAT_H_
#define STREAMER_INDEX_INTERNAL_SUMMARY_FORMAT_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "index/bloom_summary.h"
#include "index/internal/block_filter.h"

namespace streamer {

struct SummaryContent {
  bool is_always_maybe = true;
  std::vector<SummaryPath> paths;
  BlockFilter filter{1};
};

// The path with its hash.
SummaryPath MakeSummaryPath(FilterVariable variable, FieldPath path);

// REQUIRES: fewer than 65,536 paths.
std::string EncodeSummary(bool is_always_maybe,
                          std::span<const SummaryPath> paths,
                          const BlockFilter& filter);
// InvalidArgument names the offset.
Result<SummaryContent> DecodeSummary(std::string_view bytes);

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_SUMMARY_FORMAT_H_
