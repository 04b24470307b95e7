// The overloads of the functions, read from the one table.
#ifndef STREAMER_CEL_INTERNAL_OVERLOADS_H_
#define STREAMER_CEL_INTERNAL_OVERLOADS_H_

#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "cel/functions.h"
#include "cel/types.h"

namespace streamer::cel::internal {

struct Overload {
  std::span<const Type* const> arguments;
  const Type* result = nullptr;
  bool has_parameters = false;  // A, B, … stand for any type
  bool is_variadic = false;     // any number of arguments of the one type
};

// The overloads of an entry of AllFunctions().
std::span<const Overload> OverloadsOf(const FunctionEntry& entry);

// Those of the constructs that are no functions, such as && and ?:.
std::span<const Overload> OverloadsOfConstruct(std::string_view name);

// Reads "(int, int) -> int; (list(A)) -> A".
Result<std::vector<Overload>> ReadOverloads(std::string_view text,
                                            Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_OVERLOADS_H_
