// How an explanation writes expressions and values: as people read them, and
// never longer than a line, whatever filter and document hold.
//
// Cost: bounded, for what is too long to show is not even looked at.
#ifndef STREAMER_FILTER_INTERNAL_DESCRIBE_H_
#define STREAMER_FILTER_INTERNAL_DESCRIBE_H_

#include <cstddef>
#include <string>

#include "cel/expression.h"
#include "value/value.h"

namespace streamer {

// `text` cut to `limit` bytes, no character in two, with "…" where it was cut.
std::string Shortened(std::string text, std::size_t limit);

// `expression` as CEL between backquotes.
std::string Quoted(const cel::Expr& expression);

// `value` as JSON; the message of an error.
std::string DescribeValue(const Value& value);

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_DESCRIBE_H_
