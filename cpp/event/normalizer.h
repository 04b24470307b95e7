// Normalizer: what a source reported becomes what happened to the document as
// its users see it.
//
// - An update or replace that leaves `deleted: true` is a DELETE.
// - A document that comes back is an INSERT: an update after which a deleted
//   document is deleted no more; a replace of one, or one of version 1.
// - Any other update or replace is an UPDATE.
// - A hard delete of a document known deleted is dropped: its users have seen
//   the DELETE.
// - A delete that says neither collection nor id gets them from the documents
//   seen, else it is unresolved.
//
// Whether a document was deleted is told by the source (before-image, update
// description) or by a bounded memory. That says nothing of documents which may
// have come back since, in events that were lost. Invariant: the outcome
// depends on the events and losses given before, in their order, and on nothing
// else.
//
// Cost: a hash lookup or two; a loss is constant. Memory as bounded by the
// options.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_EVENT_NORMALIZER_H_
#define STREAMER_EVENT_NORMALIZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "event/change_event.h"
#include "event/recent_map.h"

namespace streamer {

struct NormalizerOptions {
  // Documents whose deletion is remembered.
  std::size_t remembered_deletes = 100'000;
  // Stored documents whose collection and id are remembered by their key.
  std::size_t remembered_documents = 100'000;
};

enum class NormalizeOutcome : std::uint8_t {
  kChanged,           // an event for users
  kDeletedAgain,      // dropped: they know
  kDeleteUnresolved,  // dropped: nobody knows which document it was
};

struct NormalizedEvent {
  NormalizeOutcome outcome = NormalizeOutcome::kChanged;
  Operation operation = Operation::kInsert;
  // The event given, or a copy of it with collection and id filled in.
  std::shared_ptr<const SourceEvent> source;
};

class Normalizer {
 public:
  explicit Normalizer(const NormalizerOptions& options);

  // Takes the next event. REQUIRES: duplicates are taken out before.
  NormalizedEvent Normalize(std::shared_ptr<const SourceEvent> source);

  // Events of `tenant` were lost; empty: of any.
  void Lose(std::string_view tenant);

  // What it would be if nothing were known of the events before it.
  static NormalizedEvent NormalizeAlone(
      std::shared_ptr<const SourceEvent> source);

 private:
  struct StoredName {
    std::string collection;
    std::string document_id;
  };

  [[nodiscard]] bool WasDeleted(const SourceEvent& source);
  void RememberDeletion(const SourceEvent& source);
  void ForgetDeletion(const SourceEvent& source);
  NormalizedEvent NormalizeDelete(std::shared_ptr<const SourceEvent> source);
  std::shared_ptr<const SourceEvent> Resolve(
      const std::shared_ptr<const SourceEvent>& source);
  void RememberName(const SourceEvent& source);

  // The key of the document in deleted_, valid until the next call.
  std::string_view DocumentKey(const SourceEvent& source);
  std::string_view StoredKey(const SourceEvent& source);

  // When, counted in deletions.
  RecentMap<std::uint64_t> deleted_;
  std::uint64_t deletions_ = 0;
  // What was deleted up to these may have come back.
  std::uint64_t lost_upto_ = 0;
  RecentMap<std::uint64_t> lost_upto_of_;  // by tenant
  RecentMap<StoredName> stored_names_;
  std::string key_;
};

}  // namespace streamer

#endif  // STREAMER_EVENT_NORMALIZER_H_
