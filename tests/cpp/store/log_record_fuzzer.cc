// Any bytes as a record of the log, under a right checksum: an event that
// encodes to the same bytes, or a DataLoss that says why. And under whatever
// checksum they come with.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/internal/bytes.h"
#include "store/internal/folder_mark.h"
#include "store/internal/log_layout.h"
#include "store/log_history.h"
#include "store/log_record.h"

namespace {

constexpr std::uint64_t kOffset = 7;

void Check(std::string_view bytes) {
  const auto record = streamer::DecodeLogRecord(bytes, kOffset);
  if (!record.ok()) {
    if (!absl::IsDataLoss(record.status())) std::abort();
    return;
  }
  std::string again;
  streamer::EncodeLogRecord(record->event, record->logged_at, kOffset, again);
  if (again != bytes) std::abort();
}

void CheckOthers(std::string_view bytes) {
  if (auto history = streamer::LogHistory::Decode(bytes);
      history.ok() && history->Encode() != bytes) {
    std::abort();
  }
  if (auto mark = streamer::internal::DecodeFolderMark(bytes);
      mark.ok() && Encode(*mark) != bytes) {
    std::abort();
  }
  if (auto mark = streamer::internal::DecodeTrimMark(bytes);
      mark.ok() && Encode(*mark) != bytes) {
    std::abort();
  }
  const std::string key = streamer::internal::AppendKey(kOffset);
  if (auto mark = streamer::internal::DecodeAppendMark(key, bytes);
      mark.ok() && Encode(*mark) != bytes) {
    std::abort();
  }
  // Backends in another order, or twice, encode to other bytes; but not to
  // another meaning.
  if (auto markers = streamer::internal::DecodeMarkers(bytes); markers.ok()) {
    auto again =
        streamer::internal::DecodeMarkers(streamer::internal::Encode(*markers));
    if (!again.ok() || again->by_backend != markers->by_backend) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes);
  CheckOthers(bytes);
  std::string sealed = bytes;
  streamer::internal::Seal(sealed, kOffset);
  Check(sealed);
  CheckOthers(sealed);
  streamer::internal::Seal(bytes, 0);
  CheckOthers(bytes);
  return 0;
}
