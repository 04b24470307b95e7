#include "store/internal/etcd_layout.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "store/internal/bytes.h"
#include "store/internal/state_layout.h"

namespace streamer::internal {
namespace {

absl::string_view ToAbsl(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

EtcdLayout::EtcdLayout(std::string_view prefix)
    : begin_(absl::StrCat(ToAbsl(prefix), "/")),
      head_(begin_ + kStateHeadKey),
      owner_(begin_ + "o"),
      tag_(begin_ + "t"),
      end_(begin_ + kStateRecordEnd) {}

std::string EtcdLayout::Encode(const StateKey& key) const {
  return begin_ + EncodeStateKey(key);
}

Result<StateKey> EtcdLayout::Decode(std::string_view key) const {
  key.remove_prefix(begin_.size());
  if (!key.starts_with(kStateRecordPrefix)) key = {};
  return DecodeStateKey(key);
}

std::string EncodeTag(std::uint64_t hash) {
  std::string bytes;
  ByteWriter(bytes).WriteFixed(hash);
  return bytes;
}

Status AtKey(std::string_view key, const Status& status) {
  return {status.code(), absl::StrCat("etcd ", absl::CEscape(ToAbsl(key)), ": ",
                                      status.message())};
}

}  // namespace streamer::internal
