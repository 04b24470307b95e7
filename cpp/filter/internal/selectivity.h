// How much of the events a predicate lets through, guessed from its form
// alone: what a cover prefers, and what Explain calls the access predicate
// when no index is at hand. The index decides by what it holds.
#ifndef STREAMER_FILTER_INTERNAL_SELECTIVITY_H_
#define STREAMER_FILTER_INTERNAL_SELECTIVITY_H_

#include "filter/predicate.h"

namespace streamer {

// Of some thousand events, how many to expect. Only the order of magnitude
// means anything.
double ExpectedHits(const Predicate& predicate);

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_SELECTIVITY_H_
