#include "event/joining.h"

namespace streamer {
namespace {

bool IsFirstVersion(const SourceEvent& event) {
  return event.operation == SourceOperation::kReplace && event.version == 1;
}

bool IsNew(const SourceEvent& event) {
  return event.operation == SourceOperation::kInsert || IsFirstVersion(event);
}

// Of bodies that have to stand beside one another.
bool HasOneForm(const ChangeEvent& first, const ChangeEvent& last) {
  return first.source->form == last.source->form ||
         (first.source->before.empty() && last.source->before.empty());
}

}  // namespace

bool IsDelete(const SourceEvent& event) {
  return event.operation == SourceOperation::kDelete || event.is_deleted;
}

bool IsPlainChange(const SourceEvent& event) {
  return event.operation != SourceOperation::kInsert && !IsDelete(event) &&
         !event.was_deleted && !IsFirstVersion(event);
}

std::shared_ptr<const SourceEvent> Join(const SourceEvent& first,
                                        const SourceEvent& last) {
  auto joined = std::make_shared<SourceEvent>(last);
  if (IsNew(first) && !IsDelete(last)) {
    joined->operation = SourceOperation::kInsert;
  }
  joined->before = first.before;
  joined->was_deleted = first.was_deleted;
  return joined;
}

bool CanJoin(const ChangeEvent& first, const ChangeEvent& last) {
  return first.operation != Operation::kDelete &&
         last.operation != Operation::kInsert && HasOneForm(first, last) &&
         first.document_id() == last.document_id() &&
         first.collection() == last.collection() &&
         first.tenant() == last.tenant();
}

ChangeEvent Join(const ChangeEvent& first, const ChangeEvent& last) {
  ChangeEvent joined = last;
  if (last.operation != Operation::kDelete) joined.operation = first.operation;
  if (first.source->before != last.source->before) {
    joined.source = Join(*first.source, *last.source);
  }
  return joined;
}

}  // namespace streamer
