// Any expression on any document: the compiled program and the plain evaluator
// mean the same, within budget.
//
// An input is the text of the expression and, after a line `---`, the document
// as JSON; without one, kDocument.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/arena.h"
#include "support/evaluate_both.h"
#include "value/json.h"

namespace {

constexpr std::string_view kSeparator = "\n---\n";
constexpr std::string_view kDocument =
    R"({"a":1,"b":-2.5,"s":"héllo","l":[1,"x",null,2.0],"m":{"k":"v","n":7},)"
    R"("t":"2013-01-01T05:15:00Z","big":18446744073709551615,"yes":true})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find(kSeparator);
  std::string_view document = kDocument;
  if (end != std::string_view::npos) {
    document = input.substr(end + kSeparator.size());
    streamer::Arena arena;
    if (!streamer::ParseJson(document, arena).ok()) return 0;
  }
  if (streamer::support::EvaluateBoth(input.substr(0, end), document)
          .starts_with("disagreement")) {
    std::abort();
  }
  return 0;
}
