#include "cel/variables.h"

#include <algorithm>
#include <utility>

namespace streamer::cel {
namespace {

bool HaveDots(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find('.') != std::string::npos;
  });
}

std::optional<std::size_t> IndexOf(const std::vector<std::string>& names,
                                   std::string_view name) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

Variables::Variables(std::vector<std::string> names) {
  auto state = std::make_shared<State>();
  state->types.assign(names.size(), SimpleType(TypeKind::kDyn));
  state->has_qualified_names = HaveDots(names);
  state->names = std::move(names);
  state_ = std::move(state);
}

Result<Variables> Variables::Declare(
    const std::vector<Declaration>& declarations, std::string container) {
  auto state = std::make_shared<State>();
  for (const Declaration& declaration : declarations) {
    if (IndexOf(state->names, declaration.name)) {
      return InvalidArgument("expected each variable once, got '" +
                             declaration.name + "' twice");
    }
    auto type = ParseType(declaration.type, state->arena);
    if (!type.ok()) {
      return InvalidArgument("the type of variable '" + declaration.name +
                             "': " + std::string(MessageOf(type.status())));
    }
    state->names.push_back(declaration.name);
    state->types.push_back(*type);
  }
  state->has_qualified_names = !container.empty() || HaveDots(state->names);
  state->container = std::move(container);
  Variables variables({});
  variables.state_ = std::move(state);
  return variables;
}

std::optional<std::size_t> Variables::Find(std::string_view name) const {
  return IndexOf(state_->names, name);
}

}  // namespace streamer::cel
