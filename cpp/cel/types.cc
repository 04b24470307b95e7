#include "cel/types.h"

#include <array>
#include <vector>

#include "value/utf8.h"

namespace streamer::cel {
namespace {

// What a declaration may nest; deeper text is refused, not recursed into.
constexpr int kMostLevels = 16;

struct NamedKind {
  std::string_view name;
  TypeKind kind;
  std::size_t parameters;
};

constexpr NamedKind kNamedKinds[] = {
    {"dyn", TypeKind::kDyn, 0},
    {"null", TypeKind::kNull, 0},
    {"bool", TypeKind::kBool, 0},
    {"int", TypeKind::kInt, 0},
    {"uint", TypeKind::kUint, 0},
    {"double", TypeKind::kDouble, 0},
    {"string", TypeKind::kString, 0},
    {"bytes", TypeKind::kBytes, 0},
    {"timestamp", TypeKind::kTimestamp, 0},
    {"duration", TypeKind::kDuration, 0},
    {"list", TypeKind::kList, 1},
    {"map", TypeKind::kMap, 2},
    {"type", TypeKind::kType, 1},
    {"optional_type", TypeKind::kOptional, 1},
    {"!error!", TypeKind::kError, 0},
};

const NamedKind* FindKind(std::string_view name) {
  for (const NamedKind& named : kNamedKinds) {
    if (named.name == name) return &named;
  }
  return nullptr;
}

std::string_view NameOf(TypeKind kind) {
  for (const NamedKind& named : kNamedKinds) {
    if (named.kind == kind) return named.name;
  }
  return "dyn";
}

const Type* Make(Arena& arena, TypeKind kind, std::string_view name,
                 std::span<const Type* const> parameters) {
  std::span<const Type*> copy = arena.NewArray<const Type*>(parameters.size());
  std::copy(parameters.begin(), parameters.end(), copy.begin());
  return arena.New<Type>(Type{kind, arena.CopyText(name), copy});
}

const Type* Make(Arena& arena, TypeKind kind,
                 std::initializer_list<const Type*> parameters) {
  return Make(arena, kind, {},
              std::span(parameters.begin(), parameters.size()));
}

// Reads a type; the first problem ends it.
class TypeReader {
 public:
  TypeReader(std::string_view text, Arena& arena)
      : rest_(text), arena_(arena) {}

  Result<const Type*> Run() {
    STREAMER_ASSIGN_OR_RETURN(const Type* type, Read(0));
    SkipSpace();
    if (!rest_.empty()) return Expected("the end of the type");
    return type;
  }

 private:
  void SkipSpace() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  bool Accept(char wanted) {
    SkipSpace();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Status Expected(std::string_view what) const {
    return InvalidArgument("expected " + std::string(what) + ", got " +
                           DescribeStart(rest_));
  }

  std::string_view ReadName() {
    SkipSpace();
    std::size_t length = 0;
    while (length < rest_.size()) {
      char byte = rest_[length];
      bool is_part =
          byte == '_' || byte == '.' || (byte >= '0' && byte <= '9') ||
          (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
      if (!is_part) break;
      ++length;
    }
    std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return name;
  }

  Result<const Type*> Read(int level) {
    if (level > kMostLevels) return Expected("at most 16 nested types");
    std::string_view name = ReadName();
    if (name.empty()) return Expected("the name of a type");
    std::vector<const Type*> parameters;
    if (Accept('(')) {
      do {
        STREAMER_ASSIGN_OR_RETURN(const Type* parameter, Read(level + 1));
        parameters.push_back(parameter);
      } while (Accept(','));
      if (!Accept(')')) return Expected("',' or ')'");
    }
    return Build(name, parameters);
  }

  Result<const Type*> Build(std::string_view name,
                            std::vector<const Type*>& parameters) {
    bool is_parameter = name.size() == 1 && name[0] >= 'A' && name[0] <= 'Z';
    if (is_parameter && parameters.empty()) {
      return Make(arena_, TypeKind::kParameter, name, {});
    }
    const NamedKind* named = FindKind(name);
    if (named == nullptr) {
      return Make(arena_, TypeKind::kOpaque, name, parameters);
    }
    if (parameters.empty() && named->kind != TypeKind::kType) {
      parameters.assign(named->parameters, SimpleType(TypeKind::kDyn));
    }
    bool may_lack = named->kind == TypeKind::kType && parameters.empty();
    if (parameters.size() != named->parameters && !may_lack) {
      return InvalidArgument("expected " + std::to_string(named->parameters) +
                             " parameters of " + std::string(name) + ", got " +
                             std::to_string(parameters.size()));
    }
    return Make(arena_, named->kind, {}, parameters);
  }

  std::string_view rest_;
  Arena& arena_;
};

// Types may hold one part many times over; nobody reads more than this.
constexpr std::size_t kLongestText = 1000;

void AppendType(const Type& type, std::string& text) {
  if (text.size() > kLongestText) return;
  switch (type.kind) {
    case TypeKind::kOpaque:
      text.append(type.name);
      break;
    case TypeKind::kParameter:
      text.append(type.variable != 0 ? "dyn" : type.name);
      break;
    default:
      text.append(NameOf(type.kind));
  }
  if (type.parameters.empty()) return;
  text.push_back('(');
  for (std::size_t i = 0; i < type.parameters.size(); ++i) {
    if (i > 0) text.append(", ");
    AppendType(*type.parameters[i], text);
  }
  text.push_back(')');
}

struct Builtin {
  std::string_view name;
  const Type* type;
};

std::vector<Builtin> MakeBuiltins() {
  static Arena arena;
  const Type* dyn = SimpleType(TypeKind::kDyn);
  return {{"bool", SimpleType(TypeKind::kBool)},
          {"int", SimpleType(TypeKind::kInt)},
          {"uint", SimpleType(TypeKind::kUint)},
          {"double", SimpleType(TypeKind::kDouble)},
          {"string", SimpleType(TypeKind::kString)},
          {"bytes", SimpleType(TypeKind::kBytes)},
          {"null_type", SimpleType(TypeKind::kNull)},
          {"google.protobuf.Timestamp", SimpleType(TypeKind::kTimestamp)},
          {"google.protobuf.Duration", SimpleType(TypeKind::kDuration)},
          {"list", ListOf(arena, dyn)},
          {"map", MapOf(arena, dyn, dyn)},
          {"optional_type", OptionalOf(arena, dyn)},
          {"type", SimpleType(TypeKind::kType)}};
}

}  // namespace

const Type* SimpleType(TypeKind kind) {
  constexpr std::size_t kKinds = static_cast<std::size_t>(TypeKind::kError) + 1;
  static const std::array<Type, kKinds> kTypes = [] {
    std::array<Type, kKinds> types;
    for (std::size_t i = 0; i < kKinds; ++i) {
      types[i].kind = static_cast<TypeKind>(i);
    }
    return types;
  }();
  return &kTypes[static_cast<std::size_t>(kind)];
}

const Type* ListOf(Arena& arena, const Type* element) {
  return Make(arena, TypeKind::kList, {element});
}
const Type* MapOf(Arena& arena, const Type* key, const Type* value) {
  return Make(arena, TypeKind::kMap, {key, value});
}
const Type* OptionalOf(Arena& arena, const Type* content) {
  return Make(arena, TypeKind::kOptional, {content});
}
const Type* TypeOf(Arena& arena, const Type* type) {
  return Make(arena, TypeKind::kType, {type});
}

Result<const Type*> ParseType(std::string_view text, Arena& arena) {
  return TypeReader(text, arena).Run();
}

std::string FormatType(const Type& type) {
  std::string text;
  AppendType(type, text);
  return text;
}

const Type* TypeOfName(std::string_view name) {
  static const std::vector<Builtin> kBuiltins = MakeBuiltins();
  for (const Builtin& builtin : kBuiltins) {
    if (builtin.name == name) return builtin.type;
  }
  return nullptr;
}

}  // namespace streamer::cel
