#include "value/utf8.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace streamer {
namespace {

std::uint8_t ByteAt(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

bool IsContinuation(char byte) {
  return (static_cast<std::uint8_t>(byte) & 0xC0) == 0x80;
}

// The length that a first byte announces, and the bounds of the second byte,
// which exclude overlong forms, surrogates and what lies above U+10FFFF.
struct FirstByte {
  std::size_t length;
  std::uint8_t least_second;
  std::uint8_t greatest_second;
};

FirstByte Classify(std::uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

bool IsUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::size_t CountCodePoints(std::string_view text) {
  constexpr std::uint64_t kLowestBits = 0x0101010101010101u;
  std::size_t count = text.size();
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), sizeof(word));
    // A continuation has the highest bit of its byte and not the one below.
    // The product adds the eight bytes up in the highest.
    std::uint64_t continuations = (word >> 7) & ~(word >> 6) & kLowestBits;
    count -= (continuations * kLowestBits) >> 56;
    text.remove_prefix(sizeof(word));
  }
  return count - static_cast<std::size_t>(
                     std::count_if(text.begin(), text.end(), IsContinuation));
}

std::size_t CodePointLength(std::string_view text) {
  if (text.empty()) return 0;
  FirstByte first = Classify(ByteAt(text, 0));
  if (first.length <= 1) return first.length;
  if (first.length > text.size()) return 0;
  if (ByteAt(text, 1) < first.least_second ||
      ByteAt(text, 1) > first.greatest_second) {
    return 0;
  }
  for (std::size_t i = 2; i < first.length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  return first.length;
}

std::size_t FindMalformed(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    std::size_t length = CodePointLength(text.substr(offset));
    if (length == 0) break;
    offset += length;
  }
  return offset;
}

bool IsScalarValue(std::uint32_t code_point) {
  return code_point < 0xD800 || (code_point > 0xDFFF && code_point <= 0x10FFFF);
}

void AppendCodePoint(std::uint32_t code_point, std::string& text) {
  auto append = [&](std::uint32_t byte) {
    text.push_back(static_cast<char>(byte));
  };
  auto append_continuation = [&](int shift) {
    append(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xC0 | (code_point >> 6));
    append_continuation(0);
  } else if (code_point < 0x10000) {
    append(0xE0 | (code_point >> 12));
    append_continuation(6);
    append_continuation(0);
  } else {
    append(0xF0 | (code_point >> 18));
    append_continuation(12);
    append_continuation(6);
    append_continuation(0);
  }
}

std::string DescribeStart(std::string_view text) {
  if (text.empty()) return "end of text";
  std::size_t length = CodePointLength(text);
  std::uint8_t first = ByteAt(text, 0);
  if (length > 0 && first >= 0x20 && first != 0x7F) {
    return "'" + std::string(text.substr(0, length)) + "'";
  }
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return std::string("byte 0x") + kDigits[first >> 4] + kDigits[first & 15];
}

}  // namespace streamer
