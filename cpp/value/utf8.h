// UTF-8: what text is made of. CEL counts text in code points, JSON and CEL
// literals name code points by number, and every string Value is well-formed.
//
// Thread-safety: pure functions.
#ifndef STREAMER_VALUE_UTF8_H_
#define STREAMER_VALUE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace streamer {

// Whether `text` is well-formed: no stray or missing continuation, no code
// point written longer than needed, no surrogate, none above U+10FFFF.
bool IsUtf8(std::string_view text);

// The number of code points. REQUIRES: `text` is well-formed.
std::size_t CountCodePoints(std::string_view text);

// The length in bytes of the well-formed code point that `text` begins with,
// 0 if it begins with none.
std::size_t CodePointLength(std::string_view text);

// The offset of the first byte that is not part of a well-formed code point,
// or the size of `text`.
std::size_t FindMalformed(std::string_view text);

// Whether `code_point` is a Unicode scalar value, one that text can hold.
bool IsScalarValue(std::uint32_t code_point);

// Appends `code_point`. REQUIRES: IsScalarValue(code_point).
void AppendCodePoint(std::uint32_t code_point, std::string& text);

// What `text` begins with, for the "got" of an error: a quoted character, a
// byte in hexadecimal, or "end of text".
std::string DescribeStart(std::string_view text);

}  // namespace streamer

#endif  // STREAMER_VALUE_UTF8_H_
