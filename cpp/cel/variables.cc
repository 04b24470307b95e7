#include "cel/variables.h"

#include <algorithm>
#include <utility>

namespace streamer::cel {
namespace {

bool HasDot(const std::string& name) {
  return name.find('.') != std::string::npos;
}

}  // namespace

Variables::Variables(std::vector<std::string> names)
    : names_(std::move(names)),
      types_(names_.size(), SimpleType(TypeKind::kDyn)),
      has_qualified_names_(std::any_of(names_.begin(), names_.end(), HasDot)) {}

Result<Variables> Variables::Declare(
    const std::vector<Declaration>& declarations, std::string container) {
  Variables variables({});
  auto arena = std::make_shared<Arena>();
  for (const Declaration& declaration : declarations) {
    if (variables.Find(declaration.name)) {
      return InvalidArgument("expected each variable once, got '" +
                             declaration.name + "' twice");
    }
    auto type = ParseType(declaration.type, *arena);
    if (!type.ok()) {
      return InvalidArgument("the type of variable '" + declaration.name +
                             "': " + std::string(MessageOf(type.status())));
    }
    variables.names_.push_back(declaration.name);
    variables.types_.push_back(*type);
  }
  variables.has_qualified_names_ =
      !container.empty() ||
      std::any_of(variables.names_.begin(), variables.names_.end(), HasDot);
  variables.container_ = std::move(container);
  variables.arena_ = std::move(arena);
  return variables;
}

std::optional<std::size_t> Variables::Find(std::string_view name) const {
  auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names_.begin());
}

}  // namespace streamer::cel
