// ChangeGenerator: a database that is being used: what its change stream says.
//
// Documents of several tenants and collections are inserted, updated,
// replaced, deleted softly and for good, and come back. Some events come
// twice, some share an id with another, some are no documents at all. Cluster
// times stand still for a while, as within a transaction. What a document was
// before comes with each change, with some or with none.
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
#include "support/random.h"

namespace streamer::sim {

class ChangeGenerator {
 public:
  explicit ChangeGenerator(support::Random& random);

  // The next event of the change stream.
  SourceEvent Next(WallTime now);

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
    std::string document;  // as it stands; empty when there is none
  };
  enum class Images : std::uint8_t { kNone, kAll, kSome };

  std::size_t PickDocument();
  SourceEvent Change(DocumentState& document);
  void AddImage(const std::string& before, SourceEvent& event);
  void ChangeLive(DocumentState& document, SourceEvent& event);
  void BringBack(DocumentState& document, SourceEvent& event);
  static void Remove(DocumentState& document, SourceEvent& event);
  void Write(DocumentState& document, SourceOperation operation,
             SourceEvent& event);
  void AddClusterTime(SourceEvent& event);
  static SourceEvent Malformed(SourceEvent event);

  support::Random& random_;
  const Images images_;
  const bool has_hot_;  // documents that change much more often
  std::vector<DocumentState> documents_;
  std::deque<SourceEvent> recent_;
  std::uint64_t last_number_ = 0;
  ClusterTime cluster_time_{1'000'000, 1};
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_CHANGE_GENERATOR_H_
