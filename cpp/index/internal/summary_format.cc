#include "index/internal/summary_format.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hash.h"

namespace streamer {
namespace {

constexpr std::string_view kMagic = "SBLM";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kBlockBytes = BlockFilter::kWords * sizeof(std::uint64_t);

void AppendNumber(std::uint64_t number, std::size_t size, std::string& bytes) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes.push_back(static_cast<char>(number >> (8 * i)));
  }
}

// At once: a shard stands still while millions of words are written.
void AppendBlock(const BlockFilter::Block& block, std::string& bytes) {
  static_assert(std::endian::native == std::endian::little);
  const std::size_t end = bytes.size();
  bytes.resize(end + kBlockBytes);
  std::memcpy(bytes.data() + end, block.data(), kBlockBytes);
}

std::uint64_t NumberAt(std::string_view bytes, std::size_t offset,
                       std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t i = size; i > 0; --i) {
    number = number << 8 | static_cast<unsigned char>(bytes[offset + i - 1]);
  }
  return number;
}

// `got` is a number or quoted text.
template <typename Expected, typename Got>
Status Unexpected(std::size_t offset, const Expected& expected,
                  const Got& got) {
  return InvalidArgument(absl::StrCat("summary, byte ", offset, ": expected ",
                                      expected, ", got ", got));
}

// Reads one thing after another; the first problem stays.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Number(std::size_t size) {
    const std::string_view number = Bytes(size);
    return number.empty() ? 0 : NumberAt(number, 0, size);
  }
  std::string_view Bytes(std::uint64_t size) {
    if (!status_.ok()) return {};
    const std::size_t rest = bytes_.size() - offset_;
    if (size > rest) {
      status_ = Unexpected(offset_, absl::StrCat(size, " bytes more"), rest);
      return {};
    }
    const std::string_view taken = bytes_.substr(offset_, size);
    offset_ += size;
    return taken;
  }
  void Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  std::string_view bytes_;
  std::size_t offset_ = 0;
  Status status_;
};

// That the bytes are whole and of this version, before any are believed.
Status CheckEnvelope(std::string_view bytes) {
  constexpr std::size_t kLeast = kHeaderBytes + kBlockBytes + kChecksumBytes;
  if (bytes.size() < kLeast) {
    return InvalidArgument(absl::StrCat("summary: expected at least ", kLeast,
                                        " bytes, got ", bytes.size()));
  }
  if (!bytes.starts_with(kMagic)) {
    return Unexpected(0, "\"SBLM\"", "other bytes");
  }
  if (const std::uint64_t version = NumberAt(bytes, 4, 1);
      version != kVersion) {
    return Unexpected(4, absl::StrCat("version ", kVersion), version);
  }
  const std::size_t end = bytes.size() - kChecksumBytes;
  const std::uint64_t stored = NumberAt(bytes, end, kChecksumBytes);
  const std::uint64_t checksum = HashBytes(bytes.substr(0, end));
  if (stored != checksum) {
    return Unexpected(end, absl::StrCat("checksum ", absl::Hex(checksum)),
                      absl::StrCat(absl::Hex(stored)));
  }
  return OkStatus();
}

SummaryPath ReadPath(Reader& reader) {
  const std::size_t begin = reader.offset();
  const std::uint64_t variable = reader.Number(1);
  const std::string_view text = reader.Bytes(reader.Number(4));
  if (variable >= kFilterVariableCount) {
    reader.Fail(Unexpected(
        begin, absl::StrCat("a variable below ", kFilterVariableCount),
        variable));
    return {};
  }
  FieldPath path;
  if (!text.empty()) {
    Result<FieldPath> parsed = FieldPath::Parse(text);
    if (!parsed.ok()) {
      reader.Fail(Unexpected(begin + 5, "a path",
                             std::string(MessageOf(parsed.status()))));
      return {};
    }
    path = *std::move(parsed);
  }
  return MakeSummaryPath(static_cast<FilterVariable>(variable),
                         std::move(path));
}

BlockFilter ReadBlocks(std::string_view bytes) {
  BlockFilter filter(bytes.size() / kBlockBytes);
  for (std::size_t i = 0; i < filter.block_count(); ++i) {
    BlockFilter::Block bits;
    for (std::size_t word = 0; word < bits.size(); ++word) {
      bits[word] = NumberAt(bytes, (i * bits.size() + word) * 8, 8);
    }
    if (bits != BlockFilter::Block{}) filter.SetBlock(i, bits);
  }
  return filter;
}

}  // namespace

SummaryPath MakeSummaryPath(FilterVariable variable, FieldPath path) {
  const std::string text = path.is_empty() ? std::string() : path.Format();
  const std::uint64_t hash =
      HashBytes(text, static_cast<std::uint64_t>(variable) + 1);
  return {variable, std::move(path), hash};
}

std::string EncodeSummary(bool is_always_maybe,
                          std::span<const SummaryPath> paths,
                          const BlockFilter& filter) {
  std::string bytes(kMagic);
  AppendNumber(kVersion, 1, bytes);
  AppendNumber(is_always_maybe ? 1 : 0, 1, bytes);
  AppendNumber(paths.size(), 2, bytes);
  AppendNumber(filter.block_count(), 4, bytes);
  for (const SummaryPath& one : paths) {
    const std::string text =
        one.path.is_empty() ? std::string() : one.path.Format();
    AppendNumber(static_cast<std::uint64_t>(one.variable), 1, bytes);
    AppendNumber(text.size(), 4, bytes);
    bytes.append(text);
  }
  bytes.reserve(bytes.size() + filter.block_count() * kBlockBytes +
                kChecksumBytes);
  for (std::size_t i = 0; i < filter.block_count(); ++i) {
    AppendBlock(filter.block(i), bytes);
  }
  AppendNumber(HashBytes(bytes), kChecksumBytes, bytes);
  return bytes;
}

Result<SummaryContent> DecodeSummary(std::string_view bytes) {
  STREAMER_RETURN_IF_ERROR(CheckEnvelope(bytes));
  bytes.remove_suffix(kChecksumBytes);
  Reader reader(bytes);
  reader.Bytes(kMagic.size() + 1);
  SummaryContent content;
  const std::uint64_t answer = reader.Number(1);
  content.is_always_maybe = answer != 0;
  if (answer > 1) reader.Fail(Unexpected(5, "0 or 1", answer));
  const std::uint64_t paths = reader.Number(2);
  const std::uint64_t blocks = reader.Number(4);
  if (blocks == 0) reader.Fail(Unexpected(8, "at least 1 block", 0));
  for (std::uint64_t i = 0; i < paths && reader.status().ok(); ++i) {
    content.paths.push_back(ReadPath(reader));
  }
  const std::string_view bits = reader.Bytes(blocks * kBlockBytes);
  STREAMER_RETURN_IF_ERROR(reader.status());
  if (reader.offset() != bytes.size()) {
    return Unexpected(
        reader.offset(), "the end",
        absl::StrCat(bytes.size() - reader.offset(), " bytes more"));
  }
  content.filter = ReadBlocks(bits);
  return content;
}

}  // namespace streamer
