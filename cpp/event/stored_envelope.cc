// The stored document of 5-interfaces.md: where tenant, collection and id
// stand in it.
#include <string>
#include <string_view>

#include "base/arena.h"
#include "event/decoder.h"
#include "event/internal/fields.h"

namespace streamer {
namespace {

using internal::Expected;
using internal::FindPresent;

constexpr std::string_view kTenantKeys[] = {"database", "tenant", "tenant_id"};

// The member `key` as text; empty when it is missing.
Result<std::string_view> ReadText(std::string_view where, const MapValue& map,
                                  std::string_view key) {
  const Value* value = FindPresent(map, key);
  if (value == nullptr) return std::string_view();
  return internal::ReadString(std::string(where) + "." + std::string(key),
                              *value);
}

Result<std::string_view> ReadTenant(std::string_view where,
                                    const MapValue& stored) {
  for (std::string_view key : kTenantKeys) {
    STREAMER_ASSIGN_OR_RETURN(std::string_view tenant,
                              ReadText(where, stored, key));
    if (!tenant.empty()) return tenant;
  }
  return std::string_view();
}

// Empty when the document itself does not say.
Result<std::string_view> ReadDocumentId(std::string_view where,
                                        const MapValue& stored) {
  const Value* data = FindPresent(stored, "data");
  if (data != nullptr && !data->is(ValueKind::kMap)) {
    return Expected(std::string(where) + ".data", "an object",
                    internal::DescribeKind(*data));
  }
  if (data != nullptr) {
    const Value* id = data->map().Find("id");
    if (id != nullptr && id->is(ValueKind::kString) && !id->text().empty()) {
      return id->text();
    }
  }
  STREAMER_ASSIGN_OR_RETURN(std::string_view path,
                            ReadText(where, stored, "fullpath"));
  return path.substr(path.rfind('/') + 1);
}

Status ReadEnvelopeFrom(std::string_view where, const MapValue& stored,
                        SourceEvent& event) {
  STREAMER_ASSIGN_OR_RETURN(std::string_view tenant, ReadTenant(where, stored));
  if (event.tenant.empty()) event.tenant = tenant;
  if (!tenant.empty() && tenant != event.tenant) {
    return Expected("tenant", "the event's, " + internal::Quote(event.tenant),
                    internal::Quote(tenant) + " in " + std::string(where));
  }
  STREAMER_ASSIGN_OR_RETURN(event.collection,
                            ReadText(where, stored, "collection"));
  STREAMER_ASSIGN_OR_RETURN(event.document_id, ReadDocumentId(where, stored));
  if (event.stored_key.empty()) {
    STREAMER_ASSIGN_OR_RETURN(event.stored_key, ReadText(where, stored, "id"));
  }
  return OkStatus();
}

// The tenant that the key begins with; empty when it names none.
std::string_view TenantOfKey(std::string_view key) {
  const std::size_t end = key.rfind(':');
  return end == std::string_view::npos ? std::string_view()
                                       : key.substr(0, end);
}

// What the key says of tenant and id, where nothing better did.
void FillFromKey(SourceEvent& event) {
  std::string_view key = event.stored_key;
  if (event.tenant.empty()) event.tenant = TenantOfKey(key);
  if (event.document_id.empty() && !event.collection.empty()) {
    event.document_id = key.substr(key.find(':') + 1);
  }
}

// What `body` says, if it can be read.
StoredPlace PlaceIn(std::string_view body) {
  Arena arena;
  const Result<const MapValue*> stored =
      internal::ParseObject("body", body, arena);
  if (!stored.ok()) return {};
  const Result<std::string_view> tenant = ReadTenant("body", **stored);
  const Result<std::string_view> collection =
      ReadText("body", **stored, "collection");
  StoredPlace place{.tenant = std::string(tenant.value_or("")),
                    .collection = std::string(collection.value_or(""))};
  if (!CheckName("tenant", place.tenant).ok()) place.tenant.clear();
  if (!CheckCollection(place.collection).ok()) place.collection.clear();
  return place;
}

// What both say, or the one that says anything.
std::string Common(const std::string& left, const std::string& right) {
  if (left.empty() || left == right) return right;
  return right.empty() ? left : std::string();
}

Status CheckEnvelope(const SourceEvent& event) {
  STREAMER_RETURN_IF_ERROR(CheckName("tenant", event.tenant));
  if (event.operation == SourceOperation::kDelete && event.collection.empty()) {
    return CheckName("mgo_doc_id", event.stored_key);
  }
  STREAMER_RETURN_IF_ERROR(CheckCollection(event.collection));
  return CheckName("id", event.document_id);
}

}  // namespace

Status ReadStoredEnvelope(std::string_view mgo_doc_id, SourceEvent& event) {
  event.form = BodyForm::kStored;
  event.stored_key = mgo_doc_id;
  if (event.document.empty() && event.operation != SourceOperation::kDelete) {
    return Expected("full_doc",
                    "the stored document for op_type " +
                        internal::Quote(NameOf(event.operation)),
                    "none");
  }
  Arena arena;
  if (!event.before.empty()) {
    STREAMER_ASSIGN_OR_RETURN(
        const MapValue* before,
        internal::ParseObject("before_doc", event.before, arena));
    STREAMER_ASSIGN_OR_RETURN(internal::BodyFlags flags,
                              internal::ReadBodyFlags("before_doc", *before));
    event.was_deleted = flags.is_deleted;
    STREAMER_RETURN_IF_ERROR(ReadEnvelopeFrom("before_doc", *before, event));
  }
  if (!event.document.empty()) {
    STREAMER_ASSIGN_OR_RETURN(
        const MapValue* document,
        internal::ParseObject("full_doc", event.document, arena));
    STREAMER_ASSIGN_OR_RETURN(internal::BodyFlags flags,
                              internal::ReadBodyFlags("full_doc", *document));
    event.is_deleted = flags.is_deleted;
    event.version = flags.version;
    STREAMER_RETURN_IF_ERROR(ReadEnvelopeFrom("full_doc", *document, event));
  }
  FillFromKey(event);
  return CheckEnvelope(event);
}

StoredPlace FindStoredPlace(std::string_view tenant,
                            std::string_view mgo_doc_id,
                            std::string_view document,
                            std::string_view before) {
  const StoredPlace now = PlaceIn(document);
  const StoredPlace then = PlaceIn(before);
  StoredPlace place{.tenant = Common(now.tenant, then.tenant),
                    .collection = Common(now.collection, then.collection)};
  if (place.tenant.empty()) place.tenant = TenantOfKey(mgo_doc_id);
  // Of another tenant's document, the collection says nothing.
  if (!tenant.empty() && !place.tenant.empty() && place.tenant != tenant) {
    place.collection.clear();
  }
  if (!tenant.empty()) place.tenant = tenant;
  if (!CheckName("tenant", place.tenant).ok()) place.tenant.clear();
  return place;
}

Status ReadUpdateDescription(std::string_view json, SourceEvent& event) {
  if (json.empty()) return OkStatus();
  Arena arena;
  STREAMER_ASSIGN_OR_RETURN(const MapValue* update,
                            internal::ParseObject("update_desc", json, arena));
  const Value* updated = update->Find("updatedFields");
  if (updated != nullptr && updated->is(ValueKind::kMap)) {
    const Value* deleted = updated->map().Find("deleted");
    if (deleted != nullptr && deleted->is_false()) event.was_deleted = true;
  }
  const Value* removed = update->Find("removedFields");
  if (removed == nullptr || !removed->is(ValueKind::kList)) return OkStatus();
  for (const Value& field : removed->list().items()) {
    if (field.is(ValueKind::kString) && field.text() == "deleted") {
      event.was_deleted = true;
    }
  }
  return OkStatus();
}

}  // namespace streamer
