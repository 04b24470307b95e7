#include "sim/change_generator.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamer::sim {
namespace {

// How far back an event may be that comes again.
constexpr std::size_t kRecent = 15;
constexpr std::string_view kTombstone = R"("deleted":true)";
// What stands before a document's number in its key.
constexpr std::string_view kKeyMark = ":h";

}  // namespace

const std::vector<std::string>& ChangeGenerator::Tenants() {
  static const std::vector<std::string> tenants = {"north", "south"};
  return tenants;
}

const std::vector<std::string>& ChangeGenerator::Collections() {
  static const std::vector<std::string> collections = {"orders",
                                                       "rooms/1/messages"};
  return collections;
}

std::string ChangeGenerator::BackendOf(const std::string& tenant) {
  return tenant == "north" ? "b1" : "b2";
}

std::string ChangeGenerator::DocumentId(std::size_t number) {
  return absl::StrCat("d", number);
}

// The same collections and ids for each tenant: only the tenant tells them
// apart.
ChangeGenerator::ChangeGenerator(support::Random& random)
    : random_(random),
      images_(static_cast<Images>(random.Below(3))),
      has_hot_(random.Chance(1, 2)),
      is_stored_(random.Chance(1, 2)),
      documents_(AllDocuments()) {}

std::vector<ChangeGenerator::DocumentState> ChangeGenerator::AllDocuments() {
  std::vector<DocumentState> documents;
  for (const std::string& tenant : Tenants()) {
    for (const std::string& collection : Collections()) {
      for (std::size_t i = 0; i < kDocuments; ++i) {
        documents.push_back({tenant, collection, DocumentId(i)});
      }
    }
  }
  return documents;
}

bool ChangeGenerator::IsBareDelete(const SourceEvent& event) {
  return event.operation == SourceOperation::kDelete &&
         event.form == BodyForm::kStored && event.document.empty() &&
         event.before.empty();
}

LogEntry ChangeGenerator::WithNames(LogEntry entry) {
  static const std::vector<DocumentState> documents = AllDocuments();
  if (!IsBareDelete(*entry.event)) return entry;
  const std::string& key = entry.event->stored_key;
  const DocumentState& document = documents.at(
      std::stoul(key.substr(key.find(kKeyMark) + kKeyMark.size())));
  auto named = std::make_shared<SourceEvent>(*entry.event);
  named->collection = document.collection;
  named->document_id = document.id;
  entry.event = std::move(named);
  return entry;
}

SourceEvent ChangeGenerator::Next(WallTime now) {
  if (!recent_.empty() && random_.Chance(1, 15)) {
    return recent_[random_.Below(recent_.size())];
  }
  if (random_.Chance(1, 300)) return Gap();
  SourceEvent event = Change(documents_[PickDocument()]);
  event.event_id = absl::StrCat("e", last_number_);
  // Some sources number badly inside transactions.
  const bool shares_id = !recent_.empty() && random_.Chance(1, 25);
  if (shares_id) event.event_id = recent_.back().event_id;
  event.timestamp = now;
  AddClusterTime(event);
  if (random_.Chance(1, 80)) return Malformed(std::move(event));
  recent_.push_back(event);
  if (recent_.size() > kRecent) recent_.pop_front();
  return event;
}

// Where some are hot, they are one of each collection.
std::size_t ChangeGenerator::PickDocument() {
  if (!has_hot_ || random_.Chance(1, 3))
    return random_.Below(documents_.size());
  return random_.Below(documents_.size() / kDocuments) * (kDocuments + 1);
}

SourceEvent ChangeGenerator::Change(DocumentState& document) {
  ++last_number_;
  SourceEvent event;
  event.backend = BackendOf(document.tenant);
  event.tenant = document.tenant;
  event.collection = document.collection;
  event.document_id = document.id;
  if (is_stored_) {
    event.form = BodyForm::kStored;
    event.stored_key = KeyOf(document);
  }
  const std::string before = document.document;
  switch (document.life) {
    case Life::kNone:
      document.version = 0;
      Write(document,
            random_.Chance(1, 5) ? SourceOperation::kReplace
                                 : SourceOperation::kInsert,
            event);
      break;
    case Life::kLive:
      ChangeLive(document, event);
      break;
    case Life::kDeleted:
      BringBack(document, event);
      break;
  }
  AddImage(before, event);
  return event;
}

// Where nothing is inserted, something was there.
void ChangeGenerator::AddImage(const std::string& before, SourceEvent& event) {
  if (before.empty() || event.operation == SourceOperation::kInsert) return;
  if (event.collection.empty()) return;
  if (images_ == Images::kNone) return;
  if (images_ == Images::kSome && random_.Chance(1, 2)) return;
  event.before = before;
  event.was_deleted = before.find(kTombstone) != std::string::npos;
}

void ChangeGenerator::ChangeLive(DocumentState& document, SourceEvent& event) {
  const std::size_t choice = random_.Below(10);
  if (choice < 7) {
    return Write(
        document,
        choice == 0 ? SourceOperation::kReplace : SourceOperation::kUpdate,
        event);
  }
  if (choice == 7) {
    Remove(document, event);
    return;
  }
  Write(document, SourceOperation::kUpdate, event);
  document.life = Life::kDeleted;
  event.is_deleted = true;
  document.document = event.document = Body(document, true);
}

void ChangeGenerator::Remove(DocumentState& document, SourceEvent& event) {
  document.life = Life::kNone;
  document.document.clear();
  event.operation = SourceOperation::kDelete;
  if (!is_stored_) return;
  if (random_.Chance(1, 2)) {
    event.collection.clear();
    event.document_id.clear();
    return;
  }
  event.document = absl::StrCat(
      R"({"id":")", event.stored_key, R"(","database":")", document.tenant,
      R"(","collection":")", document.collection, R"(","fullpath":")",
      document.collection, "/", document.id, R"(","data":{}})");
}

std::string ChangeGenerator::KeyOf(const DocumentState& document) const {
  return absl::StrCat(document.tenant, std::string(kKeyMark),
                      &document - documents_.data());
}

std::string ChangeGenerator::Body(const DocumentState& document,
                                  bool is_deleted) const {
  const std::string tombstone =
      is_deleted ? absl::StrCat(",", std::string(kTombstone)) : std::string();
  if (!is_stored_) {
    return absl::StrCat("{", document.fields, R"(,"version":)",
                        document.version, tombstone, "}");
  }
  return absl::StrCat(R"({"id":")", KeyOf(document), R"(","database":")",
                      document.tenant, R"(","collection":")",
                      document.collection, R"(","version":)", document.version,
                      tombstone, R"(,"data":{"id":")", document.id, R"(",)",
                      document.fields, "}}");
}

void ChangeGenerator::BringBack(DocumentState& document, SourceEvent& event) {
  switch (random_.Below(4)) {
    case 0:
      return Remove(document, event);
    case 1:
      return Write(document, SourceOperation::kReplace, event);
    case 2:
      return Write(document, SourceOperation::kInsert, event);
    default:
      Write(document, SourceOperation::kUpdate, event);
      event.was_deleted = true;
  }
}

void ChangeGenerator::Write(DocumentState& document, SourceOperation operation,
                            SourceEvent& event) {
  static const std::vector<std::string> tags = {"red", "green", "blue"};
  document.life = Life::kLive;
  if (operation == SourceOperation::kInsert) document.version = 0;
  event.operation = operation;
  event.version = ++document.version;
  document.fields =
      absl::StrCat(R"("n":)", last_number_, R"(,"k":)", random_.Below(10),
                   R"(,"tag":")", random_.Pick(tags), R"(")");
  document.document = event.document = Body(document, false);
}

void ChangeGenerator::AddClusterTime(SourceEvent& event) {
  const std::size_t choice = random_.Below(10);
  if (choice < 3) {
    ++cluster_time_.seconds;
    cluster_time_.increment = 1;
  } else if (choice < 6) {
    ++cluster_time_.increment;
  }
  event.cluster_time = cluster_time_;
  // Two primaries may disagree a little.
  if (choice == 9) event.cluster_time->seconds -= 2;
}

SourceEvent ChangeGenerator::Gap() {
  SourceEvent event;
  event.backend = BackendOf(random_.Pick(Tenants()));
  event.loss = std::make_shared<const SourceLoss>(
      SourceLoss{.reason = "the change stream was invalidated"});
  return event;
}

SourceEvent ChangeGenerator::Malformed(SourceEvent event) {
  // Nothing but the body says of which document it is.
  if (event.form == BodyForm::kStored) event.document_id = "unreadable";
  event.form = BodyForm::kStored;
  event.operation = SourceOperation::kUpdate;
  event.stored_key = absl::StrCat(event.tenant, ":0");
  event.document = "[]";
  event.before.clear();
  return event;
}

}  // namespace streamer::sim
