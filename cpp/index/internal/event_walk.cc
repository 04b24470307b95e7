#include "index/internal/event_walk.h"

#include "event/system_field.h"

namespace streamer {
namespace {

// Places that are no node of the trie.
constexpr JsonGuide::Node kBody = ~JsonGuide::Node{0} - 1;
constexpr JsonGuide::Node kUserData = ~JsonGuide::Node{0} - 2;
constexpr JsonGuide::Node kBothFields = ~JsonGuide::Node{0} - 3;
constexpr JsonGuide::Node kRepeated = ~JsonGuide::Node{0} - 4;

const Value& EmptyMap() {
  static Arena arena;
  static const Value map = Value::Map(MapValue::Make(arena, {}));
  return map;
}

}  // namespace

EventWalk::EventWalk(const PathTrie& paths, const ChangeEvent& event,
                     IndexScratch& scratch)
    : paths_(paths),
      event_(event),
      scratch_(scratch),
      doc_(paths.root(FilterVariable::kDoc)),
      data_(paths.root(FilterVariable::kData)) {}

bool EventWalk::Run(const FilterInput& values) {
  if (!IsPossible()) return false;
  paths_.WalkOthers(values, scratch_);
  if (doc_ == PathTrie::kNone && data_ == PathTrie::kNone) return true;
  for (PathId root : {doc_, data_}) {
    if (root != PathTrie::kNone) scratch_.SetPath(root, EmptyMap());
  }
  if (!scratch_.reader.Read(event_.source->document, kBody, *this,
                            scratch_.arena)) {
    return false;
  }
  if (doc_ != PathTrie::kNone) SetSystemFields();
  return true;
}

bool EventWalk::IsPossible() const {
  if (paths_.root(FilterVariable::kDerived) != PathTrie::kNone) return false;
  for (PathId root : {doc_, data_}) {
    if (root != PathTrie::kNone && paths_[root].references > 0) return false;
  }
  const bool needs_before =
      paths_.root(FilterVariable::kBefore) != PathTrie::kNone;
  return event_.operation != Operation::kDelete &&
         !(needs_before && !event_.source->before.empty());
}

JsonGuide::Step EventWalk::Enter(Node node, std::string_view key) {
  if (node == kBody) {
    return event_.source->form == BodyForm::kPlain ? EnterField(key, false)
                                                   : EnterRoot(key);
  }
  if (node == kUserData) return EnterField(key, true);
  return EnterChild(PathId(node), key);
}

// A member of the stored document.
JsonGuide::Step EventWalk::EnterRoot(std::string_view key) {
  if (key == "data") {
    if (has_user_data_) return {kRepeated, false};
    has_user_data_ = true;
    return {kUserData, false};
  }
  return IsFromBody(ClassifyField(key)) ? EnterChild(doc_, key) : Step();
}

// A member of the user's fields, among which a plain body has some of the
// system's.
JsonGuide::Step EventWalk::EnterField(std::string_view key, bool is_stored) {
  const SystemField field = ClassifyField(key);
  if (field != SystemField::kNone) {
    if (is_stored) return EnterChild(data_, key);
    if (IsFromBody(field)) return EnterChild(doc_, key);
    return field == SystemField::kDeleted ? Step() : EnterChild(data_, key);
  }
  const Step doc = EnterChild(doc_, key);
  if (data_ == PathTrie::kNone || doc.node == kRepeated) return doc;
  const Step data = EnterChild(data_, key);
  if (doc.node == kSkip || data.node == kRepeated) return data;
  if (data.node == kSkip) return doc;
  doc_field_ = PathId(doc.node);
  data_field_ = PathId(data.node);
  return {kBothFields, true};
}

JsonGuide::Step EventWalk::EnterChild(PathId parent, std::string_view key) {
  if (parent == PathTrie::kNone) return {};
  const PathId child = paths_.FindChild(parent, key);
  if (child == PathTrie::kNone) return {};
  if (IsSet(child)) return {kRepeated, false};
  return {child.value(), paths_[child].references > 0};
}

bool EventWalk::IsSet(PathId path) const {
  return scratch_.FindPath(path) != nullptr;
}

bool EventWalk::Set(Node node, const Value& value) {
  switch (node) {
    case kRepeated:
      return false;
    case kUserData:
      return value.is(ValueKind::kMap) || value.is(ValueKind::kNull);
    case kBothFields: {
      const Value& kept = *scratch_.arena.New<Value>(value);
      paths_.Visit(doc_field_, kept, scratch_);
      paths_.Visit(data_field_, kept, scratch_);
      return true;
    }
    default:
      break;
  }
  const PathId path(node);
  const Value& kept = *scratch_.arena.New<Value>(value);
  // An empty map stands for one whose members are yet to come.
  if (paths_[path].references > 0) {
    paths_.Visit(path, kept, scratch_);
  } else {
    scratch_.SetPath(path, kept);
  }
  return true;
}

void EventWalk::SetSystemFields() {
  SetSystemField("id", Value::String(event_.document_id()));
  SetSystemField("collection", Value::String(event_.collection()));
  if (event_.source->is_deleted) SetSystemField("deleted", Value::Bool(true));
}

void EventWalk::SetSystemField(std::string_view name, const Value& value) {
  const PathId path = paths_.FindChild(doc_, name);
  if (path == PathTrie::kNone) return;
  paths_.Visit(path, *scratch_.arena.New<Value>(value), scratch_);
}

}  // namespace streamer
