#include "event/normalizer.h"

#include <utility>

namespace streamer {
namespace {

constexpr std::size_t kMostTenants = 1024;

// The length in front keeps ("a", "bc") and ("ab", "c") apart.
void AppendPart(std::string_view part, std::string& key) {
  std::size_t size = part.size();
  key.append(reinterpret_cast<const char*>(&size), sizeof(size));
  key.append(part);
}

// Of an update or replace of a document that was deleted before it, or was not.
Operation OperationOfChange(const SourceEvent& source, bool was_deleted) {
  if (source.is_deleted) return Operation::kDelete;
  const bool is_first_version =
      source.operation == SourceOperation::kReplace && source.version == 1;
  return was_deleted || is_first_version ? Operation::kInsert
                                         : Operation::kUpdate;
}

}  // namespace

Normalizer::Normalizer(const NormalizerOptions& options)
    : deleted_(options.remembered_deletes),
      lost_upto_of_(kMostTenants),
      stored_names_(options.remembered_documents) {}

// A tenant that would be forgotten counts as all.
void Normalizer::Lose(std::string_view tenant) {
  const bool is_full = lost_upto_of_.size() == kMostTenants &&
                       lost_upto_of_.Find(tenant) == nullptr;
  if (tenant.empty() || is_full) {
    lost_upto_ = deletions_;
  } else {
    lost_upto_of_.Put(tenant, deletions_);
  }
}

NormalizedEvent Normalizer::Normalize(
    std::shared_ptr<const SourceEvent> source) {
  if (source->operation == SourceOperation::kDelete) {
    return NormalizeDelete(std::move(source));
  }
  RememberName(*source);
  NormalizedEvent event;
  if (source->operation == SourceOperation::kInsert) {
    ForgetDeletion(*source);
    event.operation = Operation::kInsert;
  } else {
    event.operation = OperationOfChange(*source, WasDeleted(*source));
    if (source->is_deleted) {
      RememberDeletion(*source);
    } else {
      ForgetDeletion(*source);
    }
  }
  event.source = std::move(source);
  return event;
}

NormalizedEvent Normalizer::NormalizeAlone(
    std::shared_ptr<const SourceEvent> source) {
  NormalizedEvent event;
  if (source->operation == SourceOperation::kDelete) {
    event.operation = Operation::kDelete;
    if (source->collection.empty()) {
      event.outcome = NormalizeOutcome::kDeleteUnresolved;
    } else if (source->was_deleted) {
      event.outcome = NormalizeOutcome::kDeletedAgain;
    }
  } else if (source->operation == SourceOperation::kInsert) {
    event.operation = Operation::kInsert;
  } else {
    event.operation = OperationOfChange(*source, source->was_deleted);
  }
  event.source = std::move(source);
  return event;
}

bool Normalizer::WasDeleted(const SourceEvent& source) {
  if (source.was_deleted) return true;
  if (deleted_.size() == 0) return false;
  const std::uint64_t* deleted = deleted_.Find(DocumentKey(source));
  if (deleted == nullptr || *deleted <= lost_upto_) return false;
  const std::uint64_t* lost = lost_upto_of_.Find(source.tenant);
  return lost == nullptr || *deleted > *lost;
}

void Normalizer::RememberDeletion(const SourceEvent& source) {
  deleted_.Put(DocumentKey(source), ++deletions_);
}

void Normalizer::ForgetDeletion(const SourceEvent& source) {
  if (deleted_.size() > 0) deleted_.Remove(DocumentKey(source));
}

NormalizedEvent Normalizer::NormalizeDelete(
    std::shared_ptr<const SourceEvent> source) {
  NormalizedEvent event;
  event.operation = Operation::kDelete;
  event.source = source->collection.empty() ? Resolve(source) : source;
  if (event.source == nullptr) {
    event.source = std::move(source);
    event.outcome = NormalizeOutcome::kDeleteUnresolved;
    return event;
  }
  if (WasDeleted(*event.source)) {
    event.outcome = NormalizeOutcome::kDeletedAgain;
  }
  RememberDeletion(*event.source);
  return event;
}

std::shared_ptr<const SourceEvent> Normalizer::Resolve(
    const std::shared_ptr<const SourceEvent>& source) {
  const StoredName* name = stored_names_.Find(StoredKey(*source));
  if (name == nullptr) return nullptr;
  auto resolved = std::make_shared<SourceEvent>(*source);
  resolved->collection = name->collection;
  resolved->document_id = name->document_id;
  return resolved;
}

void Normalizer::RememberName(const SourceEvent& source) {
  if (source.stored_key.empty()) return;
  std::string_view key = StoredKey(source);
  const StoredName* known = stored_names_.Touch(key);
  if (known != nullptr && known->collection == source.collection &&
      known->document_id == source.document_id) {
    return;
  }
  stored_names_.Put(key, {source.collection, source.document_id});
}

std::string_view Normalizer::DocumentKey(const SourceEvent& source) {
  key_.clear();
  AppendPart(source.tenant, key_);
  AppendPart(source.collection, key_);
  AppendPart(source.document_id, key_);
  return key_;
}

std::string_view Normalizer::StoredKey(const SourceEvent& source) {
  key_.clear();
  AppendPart(source.backend, key_);
  AppendPart(source.tenant, key_);
  AppendPart(source.stored_key, key_);
  return key_;
}

}  // namespace streamer
