#include "filter/filter_input.h"

namespace streamer {

const cel::Variables& FilterVariables() {
  static const cel::Variables variables({"doc", "data", "before", "op",
                                         "tenant", "collection", "id",
                                         "timestamp"});
  return variables;
}

}  // namespace streamer
