#include "cel/internal/pattern.h"

#include <re2/re2.h>

#include <string>
#include <utility>

#include "cel/internal/errors.h"

namespace streamer::cel::internal {

namespace {

// Charged for a linear pattern, which has no instructions: the time of a byte
// is that of so many.
constexpr int kLinearInstructions = 8;

Status CheckLength(std::string_view pattern, const Limits& limits) {
  if (pattern.size() <= limits.pattern_bytes) return OkStatus();
  return InvalidArgument("expected a pattern of at most " +
                         std::to_string(limits.pattern_bytes) + " bytes, got " +
                         std::to_string(pattern.size()));
}

}  // namespace

Result<Pattern> Pattern::Compile(std::string_view pattern,
                                 const Limits& limits) {
  STREAMER_RETURN_IF_ERROR(CheckLength(pattern, limits));
  if (auto linear = LinearPattern::Read(pattern)) {
    return Pattern(*std::move(linear));
  }
  return CompileWithRe2(pattern, limits);
}

Result<Pattern> Pattern::CompileWithRe2(std::string_view pattern,
                                        const Limits& limits) {
  STREAMER_RETURN_IF_ERROR(CheckLength(pattern, limits));
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
Pattern::Pattern(LinearPattern linear)
    : linear_(std::move(linear)), instructions_(kLinearInstructions) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::Matches(std::string_view text) const {
  if (linear_) return linear_->Matches(text);
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()),
                                *compiled_);
}

}  // namespace streamer::cel::internal
