#include "event/stored_form.h"

#include <string>
#include <string_view>

#include "event/internal/raw_json.h"
#include "event/system_field.h"

namespace streamer {
namespace {

constexpr std::string_view kFromBody[] = {"version", "updatedAt", "createdAt"};

bool IsTopLevel(SystemField field) {
  return IsFromBody(field) || field == SystemField::kDeleted;
}

// As ClassifyField, of a key that is still escaped.
SystemField ClassifyKey(std::string_view key) {
  if (key.find('\\') == std::string_view::npos) return ClassifyField(key);
  for (std::string_view name :
       {"id", "collection", "version", "updatedAt", "createdAt", "deleted"}) {
    if (internal::SpellsName(key, name)) return ClassifyField(name);
  }
  return SystemField::kNone;
}

bool HasUserFields(std::string_view body) {
  internal::RawMembers members(body);
  for (internal::RawMember member; members.Next(member);) {
    if (ClassifyKey(member.key) == SystemField::kNone) return true;
  }
  return false;
}

// Whether the document's own `id` would be read as another document's.
bool NamesAnother(std::string_view body, std::string_view document_id) {
  const std::string_view id = internal::FindRaw(body, "id");
  if (!id.starts_with('"') || id.size() <= 2) return false;
  return !internal::SpellsName(id.substr(1, id.size() - 2), document_id);
}

std::string DataOf(const SourceEvent& event, std::string_view body) {
  std::string json;
  internal::RawObjectWriter writer(json);
  const bool names_another = NamesAnother(body, event.document_id);
  internal::RawMembers members(body);
  for (internal::RawMember member; members.Next(member);) {
    const SystemField field = ClassifyKey(member.key);
    if (IsTopLevel(field)) continue;
    if (names_another && field == SystemField::kId) continue;
    writer.Add(member.key, member.value);
  }
  if (names_another) writer.AddText("id", event.document_id);
  json.push_back('}');
  return json;
}

// Such a delete is told by its empty `data`, where an `id` would count as a
// user's field.
bool IsDeleteWithoutFields(const SourceEvent& event) {
  const bool is_delete =
      event.operation == SourceOperation::kDelete ||
      (event.is_deleted && event.operation != SourceOperation::kInsert);
  return is_delete && !HasUserFields(event.document);
}

std::string Wrap(const SourceEvent& event, std::string_view key,
                 std::string_view body, std::string_view data) {
  std::string json;
  json.reserve(body.size() + key.size() + event.tenant.size() +
               event.collection.size() + 64);
  internal::RawObjectWriter writer(json);
  writer.AddText("id", key);
  writer.AddText("database", event.tenant);
  writer.AddText("collection", event.collection);
  for (std::string_view name : kFromBody) {
    const std::string_view value = internal::FindRaw(body, name);
    if (!value.empty()) writer.Add(name, value);
  }
  // A stored document is refused for anything else under this name.
  const std::string_view deleted = internal::FindRaw(body, "deleted");
  if (deleted == "true" || deleted == "false") writer.Add("deleted", deleted);
  writer.Add("data", data);
  json.push_back('}');
  return json;
}

// Where no other place says it, the document id is what follows the key's
// first colon.
std::string KeyOf(const SourceEvent& event) {
  const bool is_ambiguous = event.tenant.find(':') != std::string::npos;
  return (is_ambiguous ? "" : event.tenant) + ":" + event.document_id;
}

}  // namespace

SourceEvent ToStoredForm(const SourceEvent& event) {
  SourceEvent stored = event;
  stored.form = BodyForm::kStored;
  stored.stored_key = KeyOf(event);
  if (!event.before.empty()) {
    stored.before = Wrap(event, stored.stored_key, event.before,
                         DataOf(event, event.before));
  }
  if (event.document.empty() && event.operation != SourceOperation::kDelete) {
    return stored;
  }
  stored.document =
      Wrap(event, stored.stored_key, event.document,
           IsDeleteWithoutFields(event) ? "{}" : DataOf(event, event.document));
  return stored;
}

}  // namespace streamer
