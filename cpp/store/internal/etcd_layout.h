// EtcdLayout: what lies where among the keys of an EtcdStateStore:
//
//   prefix / h           → StateHead; every write compares and changes it
//   prefix / o           → the owner's number, for people; hangs on its lease
//   prefix / r kind name → a value
//   prefix / t           → which transaction made the revision in the head
//
// Heads, keys and values have the form that state_layout.h gives them, and a
// head an identity, if one was drawn; the checksum of a value starts from its
// whole key, so one that belongs to another node is damage.
//
// Thread-safety: const.
#ifndef STREAMER_STORE_INTERNAL_ETCD_LAYOUT_H_
#define STREAMER_STORE_INTERNAL_ETCD_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "store/state_store.h"

namespace streamer::internal {

class EtcdLayout {
 public:
  explicit EtcdLayout(std::string_view prefix);

  [[nodiscard]] const std::string& head() const { return head_; }
  [[nodiscard]] const std::string& owner() const { return owner_; }
  [[nodiscard]] const std::string& tag() const { return tag_; }
  // Just behind the records. From head() to here lies all that has to be read.
  [[nodiscard]] const std::string& end() const { return end_; }

  [[nodiscard]] std::string Encode(const StateKey& key) const;
  // DataLoss for a key that is none of a record.
  [[nodiscard]] Result<StateKey> Decode(std::string_view key) const;

 private:
  std::string begin_;
  std::string head_;
  std::string owner_;
  std::string tag_;
  std::string end_;
};

// A transaction is told from others by a hash of it.
std::string EncodeTag(std::uint64_t hash);

// `status`, said of `key`: "etcd node-1/r\002g: expected …".
Status AtKey(std::string_view key, const Status& status);

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_ETCD_LAYOUT_H_
