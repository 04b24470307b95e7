#include "store/internal/bytes.h"

#include "base/hash.h"

namespace streamer::internal {
namespace {

constexpr int kBitsOfByte = 7;
constexpr std::uint8_t kMoreFollows = 0x80;

}  // namespace

void ByteWriter::WriteNumber(std::uint64_t number) {
  while (number >= kMoreFollows) {
    WriteByte(static_cast<std::uint8_t>(number) | kMoreFollows);
    number >>= kBitsOfByte;
  }
  WriteByte(static_cast<std::uint8_t>(number));
}

void ByteWriter::WriteSigned(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  WriteNumber(number < 0 ? ~(bits << 1) : bits << 1);
}

void ByteWriter::WriteText(std::string_view text) {
  WriteNumber(text.size());
  bytes_.append(text);
}

void ByteWriter::WriteFixed(std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    WriteByte(static_cast<std::uint8_t>(number >> shift));
  }
}

std::uint8_t ByteReader::ReadByte() {
  if (has_failed_ || rest_.empty()) {
    Fail();
    return 0;
  }
  const auto byte = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return byte;
}

std::uint64_t ByteReader::ReadNumber() {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 64; shift += kBitsOfByte) {
    const std::uint8_t byte = ReadByte();
    const std::uint64_t bits = byte & (kMoreFollows - 1u);
    // More bits than a number has, or a byte that adds none.
    if ((shift == 63 && bits > 1) || (shift > 0 && byte == 0)) Fail();
    number |= bits << shift;
    if ((byte & kMoreFollows) == 0) return has_failed_ ? 0 : number;
  }
  Fail();
  return 0;
}

std::int64_t ByteReader::ReadSigned() {
  const std::uint64_t bits = ReadNumber();
  return static_cast<std::int64_t>((bits & 1) != 0 ? ~(bits >> 1) : bits >> 1);
}

std::string_view ByteReader::ReadText() {
  const std::size_t size = ReadCount(1);
  const std::string_view text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return text;
}

std::uint64_t ByteReader::ReadFixed() {
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | ReadByte();
  return number;
}

std::size_t ByteReader::ReadCount(std::size_t size) {
  const std::uint64_t count = ReadNumber();
  if (count > rest_.size() / size) Fail();
  return has_failed_ ? 0 : static_cast<std::size_t>(count);
}

void Seal(std::string& bytes, std::uint64_t seed, std::size_t begin) {
  const std::uint64_t checksum =
      HashBytes(std::string_view(bytes).substr(begin), seed);
  ByteWriter(bytes).WriteFixed(checksum);
}

bool Unseal(std::string_view& bytes, std::uint64_t seed) {
  if (bytes.size() < kSealBytes) return false;
  const std::size_t size = bytes.size() - kSealBytes;
  ByteReader checksum(bytes.substr(size));
  bytes = bytes.substr(0, size);
  return checksum.ReadFixed() == HashBytes(bytes, seed);
}

}  // namespace streamer::internal
