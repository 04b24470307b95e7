#include "cel/internal/pattern.h"

#include <re2/re2.h>

#include <string>
#include <utility>

#include "cel/internal/errors.h"

namespace streamer::cel::internal {

Result<Pattern> Pattern::Compile(std::string_view pattern,
                                 const Limits& limits) {
  if (pattern.size() > limits.pattern_bytes) {
    return InvalidArgument("expected a pattern of at most " +
                           std::to_string(limits.pattern_bytes) +
                           " bytes, got " + std::to_string(pattern.size()));
  }
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(static_cast<std::int64_t>(limits.pattern_memory));
  auto compiled = std::make_unique<const re2::RE2>(
      re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) {
    return InvalidArgument("invalid pattern '" + std::string(Shorten(pattern)) +
                           "': " + compiled->error());
  }
  if (compiled->ProgramSize() > limits.pattern_instructions) {
    return InvalidArgument("expected a pattern of at most " +
                           std::to_string(limits.pattern_instructions) +
                           " instructions, got " +
                           std::to_string(compiled->ProgramSize()));
  }
  return Pattern(std::move(compiled));
}

Pattern::Pattern(std::unique_ptr<const re2::RE2> compiled)
    : compiled_(std::move(compiled)), instructions_(compiled_->ProgramSize()) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::Matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()),
                                *compiled_);
}

}  // namespace streamer::cel::internal
