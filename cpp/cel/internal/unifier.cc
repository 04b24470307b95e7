#include "cel/internal/unifier.h"

#include <algorithm>
#include <utility>

namespace streamer::cel::internal {
namespace {

bool IsParameter(const Type* type) {
  return type->kind == TypeKind::kParameter;
}

bool FitsEverything(const Type* type) {
  return type->kind == TypeKind::kDyn || type->kind == TypeKind::kError;
}

// Types whose values may be absent as null, for the sake of protobuf.
bool MayBeNull(const Type* type) {
  switch (type->kind) {
    case TypeKind::kNull:
    case TypeKind::kTimestamp:
    case TypeKind::kDuration:
    case TypeKind::kOptional:
    case TypeKind::kOpaque:
      return true;
    default:
      return false;
  }
}

}  // namespace

const Type* Unifier::NewParameter() {
  auto variable = static_cast<std::uint32_t>(stands_for_.size());
  stands_for_.push_back(nullptr);
  return arena_.New<Type>(Type{TypeKind::kParameter, {}, {}, variable});
}

const Type* Unifier::Shallow(const Type* type) const {
  while (IsParameter(type) && stands_for_[type->variable] != nullptr) {
    type = stands_for_[type->variable];
  }
  return type;
}

void Unifier::Bind(const Type* parameter, const Type* type) {
  changes_.push_back({parameter->variable, stands_for_[parameter->variable]});
  stands_for_[parameter->variable] = type;
}

void Unifier::Undo(std::size_t mark) {
  while (changes_.size() > mark) {
    stands_for_[changes_.back().variable] = changes_.back().before;
    changes_.pop_back();
  }
}

bool Unifier::IsAssignable(const Type* from, const Type* to) {
  std::size_t mark = changes_.size();
  if (Assign(from, to)) return true;
  Undo(mark);
  return false;
}

bool Unifier::AreAssignable(std::span<const Type* const> from,
                            std::span<const Type* const> to) {
  if (from.size() != to.size()) return false;
  std::size_t mark = changes_.size();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (Assign(from[i], to[i])) continue;
    Undo(mark);
    return false;
  }
  return true;
}

bool Unifier::Assign(const Type* from, const Type* to) {
  if (!Step() || from == to) return true;
  if (IsParameter(to)) {
    bool had_one = false;
    if (Substitute(from, to, had_one)) return true;
    if (had_one) return false;
  }
  if (IsParameter(from)) {
    bool had_one = false;
    return Substitute(to, from, had_one);
  }
  if (FitsEverything(from) || FitsEverything(to)) return true;
  if (from->kind == TypeKind::kNull) return MayBeNull(to);
  if (to->kind == TypeKind::kNull) return MayBeNull(from);
  if (from->kind != to->kind) return false;
  if (from->kind == TypeKind::kType) return true;
  if (from->kind == TypeKind::kOpaque && from->name != to->name) return false;
  return AssignAll(from, to);
}

bool Unifier::AssignAll(const Type* from, const Type* to) {
  if (from->parameters.size() != to->parameters.size()) return false;
  for (std::size_t i = 0; i < from->parameters.size(); ++i) {
    if (!Assign(from->parameters[i], to->parameters[i])) return false;
  }
  return true;
}

bool Unifier::Substitute(const Type* type, const Type* parameter,
                         bool& had_one) {
  if (IsParameter(type) && type->variable == parameter->variable) return true;
  const Type* before = stands_for_[parameter->variable];
  if (before == nullptr) {
    if (Occurs(parameter, type)) return false;
    Bind(parameter, type);
    return true;
  }
  had_one = true;
  if (IsSame(type, before)) return true;
  if (!Assign(type, before)) return false;
  const Type* general = IsMoreGeneral(type, before) ? type : before;
  if (!Occurs(parameter, general)) Bind(parameter, general);
  return true;
}

bool Unifier::Occurs(const Type* parameter, const Type* type) {
  if (!Step()) return true;
  if (IsParameter(type)) {
    if (type->variable == parameter->variable) return true;
    const Type* other = stands_for_[type->variable];
    return other != nullptr && Occurs(parameter, other);
  }
  return std::any_of(
      type->parameters.begin(), type->parameters.end(),
      [&](const Type* inner) { return Occurs(parameter, inner); });
}

bool Unifier::IsSame(const Type* left, const Type* right) {
  if (!Step() || left == right) return true;
  if (left->kind != right->kind || left->variable != right->variable ||
      left->name != right->name ||
      left->parameters.size() != right->parameters.size()) {
    return false;
  }
  return std::equal(left->parameters.begin(), left->parameters.end(),
                    right->parameters.begin(),
                    [&](const Type* a, const Type* b) { return IsSame(a, b); });
}

// Or as general.
bool Unifier::IsMoreGeneral(const Type* left, const Type* right) {
  if (!Step()) return true;
  if (left->kind == TypeKind::kDyn || IsParameter(left)) return true;
  if (right->kind == TypeKind::kDyn || IsParameter(right)) return false;
  // Where null fits, the other type says more.
  if (right->kind == TypeKind::kNull) return true;
  if (left->kind != right->kind || left->name != right->name ||
      left->parameters.size() != right->parameters.size()) {
    return false;
  }
  if (left->kind == TypeKind::kType) return true;
  return std::equal(
      left->parameters.begin(), left->parameters.end(),
      right->parameters.begin(),
      [&](const Type* a, const Type* b) { return IsMoreGeneral(a, b); });
}

const Type* Unifier::Join(const Type* left, const Type* right) {
  if (!IsAssignable(left, right)) return SimpleType(TypeKind::kDyn);
  return IsMoreGeneral(left, right) ? left : right;
}

const Type* Unifier::Resolve(const Type* type) {
  if (!Step()) return SimpleType(TypeKind::kDyn);
  type = Shallow(type);
  if (type->parameters.empty()) return type;
  std::span<const Type*> resolved =
      arena_.NewArray<const Type*>(type->parameters.size());
  bool is_changed = false;
  for (std::size_t i = 0; i < resolved.size(); ++i) {
    resolved[i] = Resolve(type->parameters[i]);
    is_changed |= resolved[i] != type->parameters[i];
  }
  if (!is_changed) return type;
  return arena_.New<Type>(Type{type->kind, type->name, resolved, 0});
}

Unifier::Types Unifier::Instantiate(std::span<const Type* const> types) {
  Fresh fresh;
  Types made;
  made.reserve(types.size());
  for (const Type* type : types) made.push_back(Replace(type, fresh));
  return made;
}

const Type* Unifier::Replace(const Type* type, Fresh& fresh) {
  if (IsParameter(type)) {
    for (const auto& [name, parameter] : fresh) {
      if (name == type->name) return parameter;
    }
    return fresh.emplace_back(type->name, NewParameter()).second;
  }
  if (type->parameters.empty()) return type;
  std::span<const Type*> replaced =
      arena_.NewArray<const Type*>(type->parameters.size());
  for (std::size_t i = 0; i < replaced.size(); ++i) {
    replaced[i] = Replace(type->parameters[i], fresh);
  }
  return arena_.New<Type>(Type{type->kind, type->name, replaced, 0});
}

}  // namespace streamer::cel::internal
