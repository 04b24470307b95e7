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

// As DescribeOverloads, of every way to call a function of this name.
std::string DescribeCalls(std::string_view name);

// "*" for "_*_", "in" for "@in"; the names of other functions as they are.
std::string SymbolOf(std::string_view function);

// A type that is too long to be read, cut off.
std::string ShortenType(std::string type);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_CHECK_REPORT_H_
