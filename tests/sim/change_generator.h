// ChangeGenerator: a database that is being used: what its change stream says.
//
// Documents of several tenants and collections are inserted, updated,
// replaced, deleted softly and for good, and come back. Some events come
// twice, some share an id with another, some are no documents at all. Cluster
// times stand still for a while, as within a transaction. What a document was
// before comes with each change, with some or with none. Now and then it says
// that it has lost something itself.
//
// Some databases say it in the stored form; of some documents these say no more
// than that the one with that key was deleted.
//
// Each event carries a number of its own, doc.n, by which a checker knows it
// wherever it turns up.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_CHANGE_GENERATOR_H_
#define STREAMER_TESTS_SIM_CHANGE_GENERATOR_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/time.h"
#include "event/change_event.h"
#include "event/log_entry.h"
#include "support/random.h"

namespace streamer::sim {

class ChangeGenerator {
 public:
  explicit ChangeGenerator(support::Random& random);

  // The next event of the change stream.
  SourceEvent Next(WallTime now);

  // A delete that says no more than the key.
  static bool IsBareDelete(const SourceEvent& event);
  // The same with the names of the document, as only the database knows them.
  static LogEntry WithNames(LogEntry entry);

  // Where the changes of a tenant come from, and whether that is `backend`
  // (empty: any).
  static std::string BackendOf(const std::string& tenant);
  static bool IsFrom(const std::string& backend, const std::string& tenant) {
    return backend.empty() || backend == BackendOf(tenant);
  }
  static const std::vector<std::string>& Tenants();
  static const std::vector<std::string>& Collections();
  static std::string DocumentId(std::size_t number);
  static constexpr std::size_t kDocuments = 6;  // of each collection

 private:
  enum class Life : std::uint8_t { kNone, kLive, kDeleted };
  struct DocumentState {
    std::string tenant;
    std::string collection;
    std::string id;
    Life life = Life::kNone;
    int version = 0;
    std::string fields;    // of the user
    std::string document;  // as it stands; empty when there is none
  };
  enum class Images : std::uint8_t { kNone, kAll, kSome };

  std::size_t PickDocument();
  SourceEvent Change(DocumentState& document);
  void AddImage(const std::string& before, SourceEvent& event);
  void ChangeLive(DocumentState& document, SourceEvent& event);
  void BringBack(DocumentState& document, SourceEvent& event);
  void Remove(DocumentState& document, SourceEvent& event);
  [[nodiscard]] std::string Body(const DocumentState& document,
                                 bool is_deleted) const;
  [[nodiscard]] std::string KeyOf(const DocumentState& document) const;
  void Write(DocumentState& document, SourceOperation operation,
             SourceEvent& event);
  void AddClusterTime(SourceEvent& event);
  SourceEvent Gap();
  static SourceEvent Malformed(SourceEvent event);
  static std::vector<DocumentState> AllDocuments();

  support::Random& random_;
  const Images images_;
  const bool has_hot_;    // documents that change much more often
  const bool is_stored_;  // the form
  std::vector<DocumentState> documents_;
  std::deque<SourceEvent> recent_;
  std::uint64_t last_number_ = 0;
  ClusterTime cluster_time_{1'000'000, 1};
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_CHANGE_GENERATOR_H_
