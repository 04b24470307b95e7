#include "filter/filter_input.h"

namespace streamer {

const cel::Variables& FilterVariables() {
  static const cel::Variables variables =
      cel::Variables::Declare({{"doc", "map(string, dyn)"},
                               {"data", "map(string, dyn)"},
                               {"before", "dyn"},  // a map or null
                               {"op", "string"},
                               {"tenant", "string"},
                               {"collection", "string"},
                               {"id", "string"},
                               {"timestamp", "timestamp"}})
          .value();
  return variables;
}

}  // namespace streamer
