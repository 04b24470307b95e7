// The generators behind the catalogue, one file each.
#ifndef STREAMER_BENCH_WORKLOADS_GENERATORS_H_
#define STREAMER_BENCH_WORKLOADS_GENERATORS_H_

#include "workloads/workload.h"

namespace streamer::workloads {

// chat.cc: equality on a key.
Workload ChatRooms(const Shape& shape);        // W1
Workload ManyCollections(const Shape& shape);  // W7
Workload SharedFilters(const Shape& shape);    // W4
Workload SkewedEquality(const Shape& shape);   // W10

// alerts.cc: equality and ranges.
Workload PriceAlerts(const Shape& shape);     // W2, W8
Workload PriceAlertsCel(const Shape& shape);  // W2, as CEL text

// ranges.cc: nothing but ranges.
Workload OneRange(const Shape& shape);    // W3, one dimension
Workload TwoRanges(const Shape& shape);   // W3, two
Workload FiveRanges(const Shape& shape);  // W3, five of twenty attributes

// expressions.cc
Workload Nested(const Shape& shape);       // W5
Workload Unindexable(const Shape& shape);  // W6

// strings.cc
Workload StringPatterns(const Shape& shape);  // W9

// hypermatch_sets.cc: W11, the sets that hypermatch publishes figures for.
Workload HypermatchMixed(const Shape& shape);
Workload HypermatchPlain(const Shape& shape);
Workload HypermatchEquals(const Shape& shape);
Workload HypermatchWildcard(const Shape& shape);
Workload HypermatchPrefix(const Shape& shape);
Workload HypermatchAnythingBut(const Shape& shape);
Workload HypermatchNumeric(const Shape& shape);

// real_data.cc: filters drawn from the documents of shape.data.
Workload RealData(const Shape& shape);

}  // namespace streamer::workloads

#endif  // STREAMER_BENCH_WORKLOADS_GENERATORS_H_
