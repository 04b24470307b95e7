// The words in which the checker describes overloads and arguments.
#ifndef STREAMER_CEL_INTERNAL_CHECK_REPORT_H_
#define STREAMER_CEL_INTERNAL_CHECK_REPORT_H_

#include <span>
#include <string>
#include <string_view>

#include "cel/internal/overloads.h"

namespace streamer::cel::internal {

// "(int, int), (uint, uint) or (string, string)"; a receiver stands before
// its dot: "string.(int)".
std::string DescribeOverloads(std::span<const Overload> overloads,
                              bool has_receiver);
std::string DescribeArguments(std::span<const std::string> types,
                              bool has_receiver);

// "*" for "_*_".
std::string_view SymbolOf(std::string_view function);

// A type that is too long to be read, cut off.
std::string ShortenType(std::string type);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_CHECK_REPORT_H_
