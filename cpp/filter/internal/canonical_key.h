// CanonicalKey: one text for all spellings of a filter that differ only in
// the order of their conditions, in repetition, or in how a test is written.
//
// The graph is written from its atoms upwards. The nodes of each height are
// sorted by what they say of lower ones and numbered in that order, so the
// numbers, and with them the text, do not depend on the order of the source.
// A tree could grow exponentially where conditionals are nested; the graph
// does not.
#ifndef STREAMER_FILTER_INTERNAL_CANONICAL_KEY_H_
#define STREAMER_FILTER_INTERNAL_CANONICAL_KEY_H_

#include <string>

#include "filter/internal/logic.h"

namespace streamer {

// Equal keys mean filters that match the same events: the same and/or over
// the same atoms, constants alike in type and bits.
std::string CanonicalKey(const LogicGraph& graph, LogicIndex root);

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_CANONICAL_KEY_H_
