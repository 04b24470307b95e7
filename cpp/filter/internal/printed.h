// Printed expressions: trees that were accepted, kept as text, and made again
// when somebody needs them.
#ifndef STREAMER_FILTER_INTERNAL_PRINTED_H_
#define STREAMER_FILTER_INTERNAL_PRINTED_H_

#include <string_view>

#include "cel/expression.h"
#include "cel/limits.h"

namespace streamer {

// `limits` without those of text and tree: brackets, and the conditions beside
// an expression, may make what was accepted larger than it was.
cel::Limits ForPrinted(cel::Limits limits);

// The tree of `text`. REQUIRES: cel::Print made it of a tree that was accepted.
cel::Tree ParsePrinted(std::string_view text);

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_PRINTED_H_
