// The numbers of the parts of one collection's index. They are dense and used
// again, so they mean nothing outside of their index, nor after removal.
#ifndef STREAMER_INDEX_IDS_H_
#define STREAMER_INDEX_IDS_H_

#include <cstdint>

#include "base/ids.h"

namespace streamer {

// A canonical filter with its subscribers.
using EntryId = Id<struct EntryTag, std::uint32_t>;
// One conjunction of one entry.
using ConjunctionId = Id<struct ConjunctionTag, std::uint32_t>;
// A path that some filter mentions.
using PathId = Id<struct PathTag, std::uint32_t>;
// A constant under a path: what equalities and memberships look for.
using TermId = Id<struct TermTag, std::uint32_t>;
// A predicate that is evaluated once an event, however many filters share it.
using SharedPredicateId = Id<struct SharedPredicateTag, std::uint32_t>;

}  // namespace streamer

#endif  // STREAMER_INDEX_IDS_H_
