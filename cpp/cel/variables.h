// Variables: the names an expression may use, and what is known of them.
//
//   Variables untyped({"doc", "op"});
//   auto typed = Variables::Declare({{"doc", "map(string, dyn)"},
//                                    {"op", "string"}});
//
// The n-th name is bound by the n-th value when a program runs. A name may
// have dots. A name in an expression is sought in the container first and then
// outward: in container a.b the name c means a.b.c, a.c or c, the first that
// is declared; a leading dot means the last at once.
//
// Copying is cheap: copies share what they hold.
// Thread-safety: immutable.
#ifndef STREAMER_CEL_VARIABLES_H_
#define STREAMER_CEL_VARIABLES_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "cel/types.h"

namespace streamer::cel {

struct Declaration {
  std::string name;
  std::string type;  // as ParseType reads it
};

class Variables {
 public:
  // All dyn, in no container.
  explicit Variables(std::vector<std::string> names);

  // InvalidArgument for a type that cannot be read or a name declared twice.
  static Result<Variables> Declare(const std::vector<Declaration>& declarations,
                                   std::string container = {});

  [[nodiscard]] std::optional<std::size_t> Find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& names() const {
    return state_->names;
  }
  [[nodiscard]] const Type& type(std::size_t slot) const {
    return *state_->types[slot];
  }
  [[nodiscard]] const std::string& container() const {
    return state_->container;
  }
  // Whether a name with dots can mean a variable.
  [[nodiscard]] bool has_qualified_names() const {
    return state_->has_qualified_names;
  }

 private:
  struct State {
    std::vector<std::string> names;
    std::vector<const Type*> types;
    std::string container;
    Arena arena;  // of the types
    bool has_qualified_names = false;
  };
  std::shared_ptr<const State> state_;
};

}  // namespace streamer::cel

#endif  // STREAMER_CEL_VARIABLES_H_
