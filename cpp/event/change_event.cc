#include "event/change_event.h"

namespace streamer {

std::string_view NameOf(Operation operation) {
  switch (operation) {
    case Operation::kInsert:
      return "insert";
    case Operation::kUpdate:
      return "update";
    case Operation::kDelete:
      return "delete";
  }
  return "";
}

std::string_view NameOf(SourceOperation operation) {
  switch (operation) {
    case SourceOperation::kInsert:
      return "insert";
    case SourceOperation::kUpdate:
      return "update";
    case SourceOperation::kReplace:
      return "replace";
    case SourceOperation::kDelete:
      return "delete";
  }
  return "";
}

}  // namespace streamer
