#include "core/loss_report.h"

namespace streamer {

std::string_view NameOf(LossCause cause) {
  switch (cause) {
    case LossCause::kSourceGap:
      return "source_gap";
    case LossCause::kClusterTime:
      return "cluster_time";
    case LossCause::kUnreadable:
      return "unreadable";
    case LossCause::kDeleteUnresolved:
      return "delete_unresolved";
    case LossCause::kNotRestored:
      return "not_restored";
    case LossCause::kLag:
      return "lag";
    case LossCause::kTrimmed:
      return "trimmed";
  }
  return "";
}

}  // namespace streamer
