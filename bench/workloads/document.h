// The documents of events: what the filters ask for, then fields that no
// filter mentions, up to a size.
#ifndef STREAMER_BENCH_WORKLOADS_DOCUMENT_H_
#define STREAMER_BENCH_WORKLOADS_DOCUMENT_H_

#include <cstddef>
#include <string>

#include "nlohmann/json.hpp"

namespace streamer::workloads {

// Keeps the order of its members.
using Document = nlohmann::ordered_json;

inline constexpr std::size_t kDocumentBytes = 400;

// `document` as JSON text, filled up to kDocumentBytes if it is shorter.
std::string Padded(Document document);

}  // namespace streamer::workloads

#endif  // STREAMER_BENCH_WORKLOADS_DOCUMENT_H_
