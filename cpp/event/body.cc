#include "event/body.h"

#include <algorithm>
#include <span>
#include <utility>

#include "event/internal/fields.h"
#include "event/internal/raw_json.h"
#include "event/system_field.h"

namespace streamer {
namespace {

constexpr std::size_t kSystemFieldCount = 6;
constexpr std::string_view kFromStored[] = {"version", "updatedAt",
                                            "createdAt"};

// Collects the entries of a map that is being made.
class EntryWriter {
 public:
  EntryWriter(Arena& arena, std::size_t most)
      : arena_(arena), entries_(arena.NewArray<MapEntry>(most)) {}

  void Add(std::string_view key, const Value& value) {
    entries_[size_++] = {Value::String(key), value};
  }
  Value Finish() {
    return Value::Map(MapValue::Make(arena_, entries_.first(size_)));
  }

 private:
  Arena& arena_;
  std::span<MapEntry> entries_;
  std::size_t size_ = 0;
};

const MapValue& EmptyMap() {
  static Arena arena;
  static const MapValue* map = MapValue::Make(arena, {});
  return *map;
}

// The map in which the user's fields stand.
const MapValue& UserFields(BodyForm form, const MapValue& root) {
  if (form == BodyForm::kPlain) return root;
  const Value* data = internal::FindPresent(root, "data");
  return data == nullptr ? EmptyMap() : data->map();
}

bool HasUserFields(BodyForm form, const MapValue& fields) {
  if (form == BodyForm::kStored) return fields.size() > 0;
  return std::any_of(fields.entries().begin(), fields.entries().end(),
                     [](const MapEntry& entry) {
                       return ClassifyField(entry.key.text()) ==
                              SystemField::kNone;
                     });
}

bool IsDeleteWithoutFields(const ChangeEvent& event, const Value& root) {
  if (event.operation != Operation::kDelete) return false;
  if (!root.is(ValueKind::kMap)) return true;
  BodyForm form = event.source->form;
  return !HasUserFields(form, UserFields(form, root.map()));
}

// A tombstone that was inserted is no DELETE, but its document says `deleted`.
bool IsDeleted(const ChangeEvent& event) {
  return event.operation == Operation::kDelete || event.source->is_deleted;
}

void AddIdentity(const ChangeEvent& event, Arena& arena, EntryWriter& writer) {
  writer.Add("id", Value::String(arena.CopyText(event.document_id())));
  writer.Add("collection", Value::String(arena.CopyText(event.collection())));
}

Value Flatten(const ChangeEvent& event, const MapValue& root, bool is_deleted,
              Arena& arena) {
  BodyForm form = event.source->form;
  const MapValue& fields = UserFields(form, root);
  EntryWriter writer(arena, fields.size() + kSystemFieldCount);
  for (const MapEntry& entry : fields.entries()) {
    if (ClassifyField(entry.key.text()) == SystemField::kNone) {
      writer.Add(entry.key.text(), entry.value);
    }
  }
  AddIdentity(event, arena, writer);
  for (std::string_view name : kFromStored) {
    const Value* value = root.Find(name);
    if (value != nullptr) writer.Add(name, *value);
  }
  if (is_deleted) writer.Add("deleted", Value::Bool(true));
  return writer.Finish();
}

// The user's fields alone. In the plain form the system's stand among them.
Value UserData(BodyForm form, const MapValue& root, Arena& arena) {
  const MapValue& fields = UserFields(form, root);
  auto is_foreign = [form](const MapEntry& entry) {
    SystemField field = ClassifyField(entry.key.text());
    return form == BodyForm::kPlain &&
           (IsFromBody(field) || field == SystemField::kDeleted);
  };
  if (std::none_of(fields.entries().begin(), fields.entries().end(),
                   is_foreign)) {
    return Value::Map(&fields);
  }
  EntryWriter writer(arena, fields.size());
  for (const MapEntry& entry : fields.entries()) {
    if (!is_foreign(entry)) writer.Add(entry.key.text(), entry.value);
  }
  return writer.Finish();
}

Status CheckData(std::string_view where, BodyForm form, const MapValue& root) {
  if (form == BodyForm::kPlain) return OkStatus();
  const Value* data = internal::FindPresent(root, "data");
  if (data == nullptr || data->is(ValueKind::kMap)) return OkStatus();
  return internal::Expected(std::string(where) + ".data", "an object",
                            internal::DescribeKind(*data));
}

// How the delivered text is made from the text of the user's fields.
struct TextPlan {
  bool keeps_text = true;  // nothing in it must go
  bool has_id = false;     // it says already what we would add
  bool has_collection = false;
  bool has_deleted = false;
};

bool IsText(const Value& value, std::string_view text) {
  return value.is(ValueKind::kString) && value.text() == text;
}

TextPlan MakePlan(const ChangeEvent& event, const MapValue& fields) {
  bool is_deleted = IsDeleted(event);
  bool is_plain = event.source->form == BodyForm::kPlain;
  TextPlan plan;
  for (const MapEntry& entry : fields.entries()) {
    bool fits = true;
    switch (ClassifyField(entry.key.text())) {
      case SystemField::kNone:
        break;
      case SystemField::kId:
        fits = plan.has_id = IsText(entry.value, event.document_id());
        break;
      case SystemField::kCollection:
        fits = plan.has_collection = IsText(entry.value, event.collection());
        break;
      case SystemField::kDeleted:
        fits = plan.has_deleted =
            is_plain && is_deleted && entry.value.is_true();
        break;
      default:
        fits = is_plain;
    }
    plan.keeps_text = plan.keeps_text && fits;
  }
  return plan;
}

// Whether a member is the user's, or a system field at its place in the plain
// form. Escapes in the key are resolved before it is classified.
bool IsKept(BodyForm form, std::string_view key) {
  if (key.find('\\') != std::string_view::npos) {
    for (std::string_view name : {"id", "collection", "deleted"}) {
      if (internal::SpellsName(key, name)) return false;
    }
    for (std::string_view name : kFromStored) {
      if (internal::SpellsName(key, name)) return form == BodyForm::kPlain;
    }
    return true;
  }
  SystemField field = ClassifyField(key);
  return field == SystemField::kNone ||
         (form == BodyForm::kPlain && IsFromBody(field));
}

void CopyKeptMembers(BodyForm form, std::string_view fields,
                     internal::RawObjectWriter& writer) {
  internal::RawMembers members(fields);
  for (internal::RawMember member; members.Next(member);) {
    if (IsKept(form, member.key)) writer.Add(member.key, member.value);
  }
}

void AddSystemFields(const ChangeEvent& event, const TextPlan& plan,
                     internal::RawObjectWriter& writer) {
  if (!plan.has_id) writer.AddText("id", event.document_id());
  if (!plan.has_collection) writer.AddText("collection", event.collection());
  if (event.source->form == BodyForm::kStored) {
    for (std::string_view name : kFromStored) {
      std::string_view raw = internal::FindRaw(event.source->document, name);
      if (!raw.empty()) writer.Add(name, raw);
    }
  }
  if (IsDeleted(event) && !plan.has_deleted) {
    writer.Add("deleted", "true");
  }
}

std::string_view RawUserFields(const SourceEvent& source) {
  if (source.form == BodyForm::kPlain) return source.document;
  std::string_view data = internal::FindRaw(source.document, "data");
  return data.starts_with('{') ? data : "{}";
}

}  // namespace

Result<std::unique_ptr<const EventBody>> EventBody::Parse(
    const ChangeEvent& event) {
  std::unique_ptr<EventBody> body(new EventBody());
  STREAMER_RETURN_IF_ERROR(body->ReadDocument(event));
  STREAMER_RETURN_IF_ERROR(body->ReadBefore(event));
  return std::unique_ptr<const EventBody>(std::move(body));
}

Status EventBody::ReadDocument(const ChangeEvent& event) {
  const SourceEvent& source = *event.source;
  bool is_delete = event.operation == Operation::kDelete;
  if (!source.document.empty() || !is_delete) {
    STREAMER_ASSIGN_OR_RETURN(
        const MapValue* root,
        internal::ParseObject("document", source.document, arena_));
    STREAMER_RETURN_IF_ERROR(CheckData("document", source.form, *root));
    root_ = Value::Map(root);
  }
  if (IsDeleteWithoutFields(event, root_)) {
    EntryWriter writer(arena_, 3);
    AddIdentity(event, arena_, writer);
    writer.Add("deleted", Value::Bool(true));
    doc_ = writer.Finish();
    data_ = Value::Map(&EmptyMap());
    return OkStatus();
  }
  doc_ = Flatten(event, root_.map(), IsDeleted(event), arena_);
  data_ = UserData(source.form, root_.map(), arena_);
  return OkStatus();
}

Status EventBody::ReadBefore(const ChangeEvent& event) {
  const SourceEvent& source = *event.source;
  if (source.before.empty()) return OkStatus();
  STREAMER_ASSIGN_OR_RETURN(
      const MapValue* root,
      internal::ParseObject("before", source.before, arena_));
  STREAMER_RETURN_IF_ERROR(CheckData("before", source.form, *root));
  root_before_ = Value::Map(root);
  const Value* deleted = root->Find("deleted");
  before_ =
      Flatten(event, *root, deleted != nullptr && deleted->is_true(), arena_);
  return OkStatus();
}

Value EventBody::BeforeData(const ChangeEvent& event, Arena& arena) const {
  return UserData(event.source->form, root_before_.map(), arena);
}

std::string DeliveredJson(const ChangeEvent& event, const EventBody& body) {
  if (IsDeleteWithoutFields(event, body.root_)) return {};
  BodyForm form = event.source->form;
  TextPlan plan = MakePlan(event, UserFields(form, body.root_.map()));
  std::string_view fields = RawUserFields(*event.source);
  std::string json;
  // The document and some system fields: seldom needs a second allocation.
  json.reserve(fields.size() + event.document_id().size() +
               event.collection().size() + 48);
  if (plan.keeps_text) {
    internal::RawObjectWriter writer(json, fields);
    AddSystemFields(event, plan, writer);
  } else {
    internal::RawObjectWriter writer(json);
    CopyKeptMembers(form, fields, writer);
    AddSystemFields(event, {}, writer);
  }
  json.push_back('}');
  return json;
}

std::string DeliveredJson(const ChangeEvent& event) {
  auto body = EventBody::Parse(event);
  return body.ok() ? DeliveredJson(event, **body) : std::string();
}

}  // namespace streamer
