#include "cel/printer.h"

#include <charconv>
#include <cstdint>
#include <vector>

#include "cel/macros.h"
#include "cel/parser.h"
#include "value/ordering.h"
#include "value/utf8.h"

namespace streamer::cel {
namespace {

// How tightly a construct binds; what stands inside a tighter one needs
// parentheses.
enum class Tightness {
  kConditional,
  kOr,
  kAnd,
  kRelation,
  kSum,
  kProduct,
  kUnary,
  kMember,
};

struct OperatorText {
  std::string_view function;
  std::string_view text;
  Tightness tightness;
};

constexpr OperatorText kBinary[] = {
    {operators::kOr, " || ", Tightness::kOr},
    {operators::kAnd, " && ", Tightness::kAnd},
    {operators::kEqual, " == ", Tightness::kRelation},
    {operators::kNotEqual, " != ", Tightness::kRelation},
    {operators::kLess, " < ", Tightness::kRelation},
    {operators::kLessEqual, " <= ", Tightness::kRelation},
    {operators::kGreater, " > ", Tightness::kRelation},
    {operators::kGreaterEqual, " >= ", Tightness::kRelation},
    {operators::kIn, " in ", Tightness::kRelation},
    {operators::kAdd, " + ", Tightness::kSum},
    {operators::kSubtract, " - ", Tightness::kSum},
    {operators::kMultiply, " * ", Tightness::kProduct},
    {operators::kDivide, " / ", Tightness::kProduct},
    {operators::kModulo, " % ", Tightness::kProduct},
};

const OperatorText* FindBinary(const Expr& call) {
  if (call.kind != ExprKind::kCall || call.operand != nullptr) return nullptr;
  for (const OperatorText& binary : kBinary) {
    if (binary.function == call.name) return &binary;
  }
  return nullptr;
}

Tightness Tighter(Tightness tightness) {
  return static_cast<Tightness>(static_cast<int>(tightness) + 1);
}

bool IsCallOf(const Expr& node, std::string_view function) {
  return node.kind == ExprKind::kCall && node.operand == nullptr &&
         node.name == function;
}

void CollectTerms(const Expr& node, std::string_view function,
                  std::vector<const Expr*>& terms) {
  if (!IsCallOf(node, function)) {
    terms.push_back(&node);
    return;
  }
  for (const Expr* argument : node.arguments) {
    CollectTerms(*argument, function, terms);
  }
}

std::size_t CountTerms(const Expr& node, std::string_view function) {
  if (!IsCallOf(node, function)) return 1;
  std::size_t count = 0;
  for (const Expr* argument : node.arguments) {
    count += CountTerms(*argument, function);
  }
  return count;
}

// Whether the tree of && or || below `node` is the one that the parser makes
// of an unbroken chain (TreeBuilder::Chain).
bool IsChain(const Expr& node, std::string_view function, std::size_t terms) {
  if (terms == 1) return !IsCallOf(node, function);
  if (!IsCallOf(node, function)) return false;
  std::size_t left = (terms + 1) / 2;
  return IsChain(*node.arguments[0], function, left) &&
         IsChain(*node.arguments[1], function, terms - left);
}

bool IsWord(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (char byte : text) {
    bool accepted = byte == '_' || (byte >= '0' && byte <= '9') ||
                    (byte >= 'a' && byte <= 'z') ||
                    (byte >= 'A' && byte <= 'Z');
    if (!accepted) return false;
  }
  return text != "in" && text != "true" && text != "false" && text != "null";
}

class Printer {
 public:
  std::string Take() && { return std::move(text_); }

  void Write(const Expr& node, Tightness needed) {
    bool in_parentheses = TightnessOf(node) < needed;
    if (in_parentheses) text_.push_back('(');
    switch (node.kind) {
      case ExprKind::kLiteral:
        WriteLiteral(node.literal);
        break;
      case ExprKind::kIdentifier:
        text_.append(
            WriteBlockVariable(node.name).value_or(std::string(node.name)));
        break;
      case ExprKind::kSelect:
        WriteSelect(node);
        break;
      case ExprKind::kCall:
        WriteCall(node);
        break;
      case ExprKind::kList:
        WriteElements(node);
        break;
      case ExprKind::kMap:
        WriteMap(node);
        break;
      case ExprKind::kMessage:
        WriteMessage(node);
        break;
      case ExprKind::kComprehension:
        WriteCall(*node.comprehension->written);
        break;
    }
    if (in_parentheses) text_.push_back(')');
  }

 private:
  // A number before a dot reads as part of the select otherwise.
  static Tightness TightnessOf(const Expr& node) {
    if (node.kind == ExprKind::kLiteral && node.literal.is_number()) {
      return Tightness::kUnary;
    }
    if (const OperatorText* binary = FindBinary(node)) {
      return binary->tightness;
    }
    if (IsCallOf(node, operators::kConditional)) {
      return Tightness::kConditional;
    }
    if (IsCallOf(node, operators::kNot) || IsCallOf(node, operators::kNegate)) {
      return Tightness::kUnary;
    }
    return Tightness::kMember;
  }

  void WriteSelect(const Expr& node) {
    if (node.is_test) text_.append("has(");
    Write(*node.operand, Tightness::kMember);
    text_.push_back('.');
    WriteFieldName(node.name);
    if (node.is_test) text_.push_back(')');
  }

  void WriteFieldName(std::string_view name) {
    if (IsWord(name)) {
      text_.append(name);
    } else {
      WriteQuoted(name, '`');
    }
  }

  void WriteCall(const Expr& node) {
    if (const OperatorText* binary = FindBinary(node)) {
      return WriteBinary(node, *binary);
    }
    if (node.operand != nullptr) {
      Write(*node.operand, Tightness::kMember);
      text_.append(".").append(node.name);
      return WriteList(node.arguments, '(', ')');
    }
    if (node.name == operators::kConditional) return WriteConditional(node);
    if (node.name == operators::kIndex) {
      Write(*node.arguments[0], Tightness::kMember);
      return WriteList(node.arguments.subspan(1), '[', ']');
    }
    // A literal number after the sign would become one negative literal, so
    // it is set in parentheses too: it binds as loosely as a unary operator.
    if (node.name == operators::kNot || node.name == operators::kNegate) {
      text_.push_back(node.name == operators::kNot ? '!' : '-');
      return Write(*node.arguments[0], Tightness::kMember);
    }
    if (node.name == operators::kOptionalSelect) {
      return WriteOptionalSelect(node);
    }
    if (node.name == operators::kOptionalIndex) {
      Write(*node.arguments[0], Tightness::kMember);
      text_.append("[?");
      Write(*node.arguments[1], Tightness::kConditional);
      text_.push_back(']');
      return;
    }
    text_.append(node.name == operators::kBlock ? "cel.block" : node.name);
    WriteList(node.arguments, '(', ')');
  }

  void WriteOptionalSelect(const Expr& node) {
    Write(*node.arguments[0], Tightness::kMember);
    text_.append(".?");
    WriteFieldName(node.arguments[1]->literal.text());
  }

  void WriteConditional(const Expr& node) {
    Write(*node.arguments[0], Tightness::kOr);
    text_.append(" ? ");
    Write(*node.arguments[1], Tightness::kOr);
    text_.append(" : ");
    Write(*node.arguments[2], Tightness::kConditional);
  }

  void WriteBinary(const Expr& node, const OperatorText& binary) {
    if (binary.tightness <= Tightness::kAnd) return WriteChain(node, binary);
    Write(*node.arguments[0], binary.tightness);
    text_.append(binary.text);
    Write(*node.arguments[1], Tighter(binary.tightness));
  }

  void WriteChain(const Expr& node, const OperatorText& binary) {
    std::vector<const Expr*> terms;
    if (IsChain(node, binary.function, CountTerms(node, binary.function))) {
      CollectTerms(node, binary.function, terms);
    } else {
      terms.assign(node.arguments.begin(), node.arguments.end());
    }
    for (const Expr* term : terms) {
      if (term != terms.front()) text_.append(binary.text);
      Write(*term, Tighter(binary.tightness));
    }
  }

  void WriteList(std::span<const Expr* const> nodes, char open, char close) {
    text_.push_back(open);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (i > 0) text_.append(", ");
      Write(*nodes[i], Tightness::kConditional);
    }
    text_.push_back(close);
  }

  void WriteElements(const Expr& node) {
    text_.push_back('[');
    for (std::size_t i = 0; i < node.arguments.size(); ++i) {
      if (i > 0) text_.append(", ");
      if (IsOptional(node, i)) text_.push_back('?');
      Write(*node.arguments[i], Tightness::kConditional);
    }
    text_.push_back(']');
  }

  void WriteMap(const Expr& node) {
    text_.push_back('{');
    for (std::size_t i = 0; i < node.arguments.size(); ++i) {
      if (i > 0) text_.append(i % 2 == 0 ? ", " : ": ");
      if (i % 2 == 0 && IsOptional(node, i / 2)) text_.push_back('?');
      Write(*node.arguments[i], Tightness::kConditional);
    }
    text_.push_back('}');
  }

  void WriteMessage(const Expr& node) {
    text_.append(node.name).push_back('{');
    for (std::size_t i = 0; i < node.arguments.size(); ++i) {
      if (i > 0) text_.append(", ");
      if (IsOptional(node, i)) text_.push_back('?');
      WriteFieldName(node.marks->fields[i]);
      text_.append(": ");
      Write(*node.arguments[i], Tightness::kConditional);
    }
    text_.push_back('}');
  }

  void WriteLiteral(const Value& value) {
    switch (value.kind()) {
      case ValueKind::kBool:
        text_.append(value.bool_value() ? "true" : "false");
        break;
      case ValueKind::kInt:
        text_.append(std::to_string(value.int_value()));
        break;
      case ValueKind::kUint:
        text_.append(std::to_string(value.uint_value())).push_back('u');
        break;
      case ValueKind::kDouble:
        WriteDouble(value.double_value());
        break;
      case ValueKind::kString:
        WriteQuoted(value.text(), '"');
        break;
      case ValueKind::kBytes:
        WriteBytes(value.text());
        break;
      case ValueKind::kList:
        WriteValues(value.list());
        break;
      default:
        text_.append("null");
    }
  }

  void WriteDouble(double number) {
    char digits[32];
    auto result = std::to_chars(digits, digits + sizeof(digits), number);
    std::string_view written(digits, result.ptr - digits);
    text_.append(written);
    if (written.find_first_of(".e") == std::string_view::npos) {
      text_.append(".0");
    }
  }

  void WriteValues(const ListValue& list) {
    text_.push_back('[');
    for (const Value& item : list.items()) {
      if (&item != &list.items().front()) text_.append(", ");
      WriteLiteral(item);
    }
    text_.push_back(']');
  }

  void WriteQuoted(std::string_view content, char quote) {
    text_.push_back(quote);
    for (char byte : content) {
      auto code = static_cast<std::uint8_t>(byte);
      if (byte == quote || byte == '\\') {
        text_.append({'\\', byte});
      } else if (byte == '\n') {
        text_.append("\\n");
      } else if (code < 0x20 || code == 0x7F) {
        WriteByteEscape(code);
      } else {
        text_.push_back(byte);
      }
    }
    text_.push_back(quote);
  }

  void WriteBytes(std::string_view content) {
    text_.append("b\"");
    for (char byte : content) {
      auto code = static_cast<std::uint8_t>(byte);
      if (byte == '"' || byte == '\\') {
        text_.append({'\\', byte});
      } else if (code < 0x20 || code >= 0x7F) {
        WriteByteEscape(code);
      } else {
        text_.push_back(byte);
      }
    }
    text_.push_back('"');
  }

  void WriteByteEscape(std::uint8_t code) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text_.append({'\\', 'x', kDigits[code >> 4], kDigits[code & 15]});
  }

  std::string text_;
};

void AppendName(std::string_view name, std::string& key) {
  AppendIdentity(Value::String(name), key);
}

void AppendMarks(const Expr& node, std::string& key) {
  if (node.marks == nullptr) return;
  for (std::string_view field : node.marks->fields) AppendName(field, key);
  for (std::size_t i = 0; i < node.marks->are_optional.size(); ++i) {
    key.push_back(IsOptional(node, i) ? '?' : '.');
  }
}

}  // namespace

std::string Print(const Expr& expression) {
  Printer printer;
  printer.Write(expression, Tightness::kConditional);
  return std::move(printer).Take();
}

// Every node writes its kind and the number of its children, so no key is the
// beginning of another. A macro is what was written.
void AppendIdentity(const Expr& expression, std::string& key) {
  if (expression.kind == ExprKind::kComprehension) {
    key.push_back('M');
    return AppendIdentity(*expression.comprehension->written, key);
  }
  key.push_back(static_cast<char>('A' + static_cast<int>(expression.kind)));
  key.push_back(expression.is_test ? '?' : '.');
  key.push_back(expression.operand != nullptr ? '1' : '0');
  key.append(std::to_string(expression.arguments.size())).push_back(':');
  if (expression.kind == ExprKind::kLiteral) {
    streamer::AppendIdentity(expression.literal, key);
  } else {
    AppendName(expression.name, key);
  }
  AppendMarks(expression, key);
  if (expression.operand != nullptr) AppendIdentity(*expression.operand, key);
  for (const Expr* argument : expression.arguments) {
    AppendIdentity(*argument, key);
  }
}

}  // namespace streamer::cel
