// The parts of the function table, one for each library of CEL. Each lies
// beside the functions it names.
#ifndef STREAMER_CEL_INTERNAL_LIBRARIES_H_
#define STREAMER_CEL_INTERNAL_LIBRARIES_H_

#include <array>
#include <span>

#include "cel/functions.h"

namespace streamer::cel::internal {

std::span<const FunctionEntry> StandardFunctions();  // operators, conversions
std::span<const FunctionEntry> TimeFunctions();      // getHours(), …
std::span<const FunctionEntry> StringFunctions();    // charAt(), split(), …
std::span<const FunctionEntry> MathFunctions();      // math.*
std::span<const FunctionEntry> ListFunctions();      // slice(), sort(), …
std::span<const FunctionEntry> SetFunctions();       // sets.*
std::span<const FunctionEntry> OptionalFunctions();  // optional.*, orValue(), …
std::span<const FunctionEntry> EncodingFunctions();  // base64.*

inline std::array<std::span<const FunctionEntry>, 8> AllLibraries() {
  return {StandardFunctions(), TimeFunctions(),    StringFunctions(),
          MathFunctions(),     ListFunctions(),    SetFunctions(),
          OptionalFunctions(), EncodingFunctions()};
}

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_LIBRARIES_H_
