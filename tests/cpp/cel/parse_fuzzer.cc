// Parse of any bytes: refused with a report, or a tree that Print and Parse
// carry round unchanged.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cel/parser.h"
#include "cel/printer.h"

namespace streamer::cel {
namespace {

std::string Identity(const Expr& expression) {
  std::string key;
  AppendIdentity(expression, key);
  return key;
}

// Printing may add what the limits count: parentheses and escapes.
constexpr Limits kWide{.text_bytes = std::size_t{1} << 24,
                       .nodes = 100'000,
                       .depth = 900,
                       .list_values = 1'000'000};

void CheckRoundTrip(const Tree& tree) {
  const auto again = Parse(Print(tree.root()), kWide);
  if (!again.ok()) std::abort();
  if (Identity(again->root()) != Identity(tree.root())) std::abort();
}

void CheckReport(const Status& status, std::string_view text) {
  const auto position = PositionOf(status);
  if (!position.has_value() || position->offset > text.size()) std::abort();
}

}  // namespace
}  // namespace streamer::cel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tree = streamer::cel::Parse(text);
  if (tree.ok()) {
    streamer::cel::CheckRoundTrip(*tree);
  } else {
    streamer::cel::CheckReport(tree.status(), text);
  }
  return 0;
}
