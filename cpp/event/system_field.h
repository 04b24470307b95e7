// SystemField: the names in a flattened document that belong to Streamer.
#ifndef STREAMER_EVENT_SYSTEM_FIELD_H_
#define STREAMER_EVENT_SYSTEM_FIELD_H_

#include <cstdint>
#include <string_view>

namespace streamer {

enum class SystemField : std::uint8_t {
  kNone,        // a user's field
  kId,          // from the event
  kCollection,  // from the event
  kVersion,     // these three from the body
  kUpdatedAt,
  kCreatedAt,
  kDeleted,  // from the event
};

// Every user field passes here, so the first byte decides for most.
inline SystemField ClassifyField(std::string_view name) {
  if (name.empty()) return SystemField::kNone;
  switch (name.front()) {
    case 'i':
      return name == "id" ? SystemField::kId : SystemField::kNone;
    case 'c':
      if (name == "collection") return SystemField::kCollection;
      return name == "createdAt" ? SystemField::kCreatedAt : SystemField::kNone;
    case 'v':
      return name == "version" ? SystemField::kVersion : SystemField::kNone;
    case 'u':
      return name == "updatedAt" ? SystemField::kUpdatedAt : SystemField::kNone;
    case 'd':
      return name == "deleted" ? SystemField::kDeleted : SystemField::kNone;
    default:
      return SystemField::kNone;
  }
}

// Whether a body of the plain form carries the field among the user's.
inline bool IsFromBody(SystemField field) {
  return field == SystemField::kVersion || field == SystemField::kUpdatedAt ||
         field == SystemField::kCreatedAt;
}

}  // namespace streamer

#endif  // STREAMER_EVENT_SYSTEM_FIELD_H_
