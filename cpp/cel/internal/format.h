// "…%s…%d…".format(list): the text with each clause replaced.
//
//   %s any value · %d an int, uint, NaN or infinity · %f %e doubles, with
//   digits as in %.3f · %b int, uint or bool in binary · %o octal · %x %X int,
//   uint, string or bytes in hexadecimal · %% a percent sign
#ifndef STREAMER_CEL_INTERNAL_FORMAT_H_
#define STREAMER_CEL_INTERNAL_FORMAT_H_

#include <span>
#include <string_view>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel::internal {

// The text, or the error that a clause and its argument make.
Value FormatText(std::string_view format, std::span<const Value> arguments,
                 Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_FORMAT_H_
