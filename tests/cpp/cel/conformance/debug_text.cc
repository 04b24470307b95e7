// The tree as cel-go's ToDebugString shows it, which is how the vectors hold
// trees.
#include <charconv>
#include <cmath>
#include <cstdint>

#include "value/utf8.h"
#include "vector_values.h"

namespace streamer::conformance {
namespace {

using cel::Expr;
using cel::ExprKind;

class DebugWriter {
 public:
  std::string Take() && { return std::move(text_); }

  void Write(const Expr& node) {
    switch (node.kind) {
      case ExprKind::kLiteral:
        return WriteLiteral(node.literal);
      case ExprKind::kIdentifier:
        Append(node.name);
        return Adorn("Expr_IdentExpr");
      case ExprKind::kSelect:
        Write(*node.operand);
        Append(".");
        Append(node.name);
        if (node.is_test) Append("~test-only~");
        return Adorn("Expr_SelectExpr");
      case ExprKind::kCall:
        return WriteCall(node);
      case ExprKind::kList:
        WriteElements(node);
        return Adorn("Expr_ListExpr");
      case ExprKind::kMap:
      case ExprKind::kMessage:
        return WriteStruct(node);
      case ExprKind::kComprehension:
        return WriteFold(node);
    }
  }

 private:
  void WriteCall(const Expr& node) {
    if (node.operand != nullptr) {
      Write(*node.operand);
      Append(".");
    }
    Append(node.name);
    Append("(");
    if (!node.arguments.empty()) {
      ++indent_;
      EndLine();
      for (const Expr* argument : node.arguments) {
        if (argument != node.arguments.front()) Separate();
        Write(*argument);
      }
      --indent_;
      EndLine();
    }
    Append(")");
    Adorn("Expr_CallExpr");
  }

  void WriteElements(const Expr& node) {
    Append("[");
    Open(!node.arguments.empty());
    for (std::size_t i = 0; i < node.arguments.size(); ++i) {
      if (i > 0) Separate();
      Write(*node.arguments[i]);
    }
    Close(!node.arguments.empty());
    Append("]");
  }

  void WriteStruct(const Expr& node) {
    bool is_map = node.kind == ExprKind::kMap;
    if (!is_map) Append(node.name);
    Append("{");
    std::size_t step = is_map ? 2 : 1;
    Open(!node.arguments.empty());
    for (std::size_t i = 0; i < node.arguments.size(); i += step) {
      if (i > 0) Separate();
      if (IsOptional(node, i / step)) Append("?");
      if (is_map) {
        Write(*node.arguments[i]);
      } else {
        Append(node.marks->fields[i]);
      }
      Append(":");
      Write(*node.arguments[i + step - 1]);
      Adorn("Expr_CreateStruct_Entry");
    }
    Close(!node.arguments.empty());
    Append("}");
    Adorn("Expr_StructExpr");
  }

  void WriteFold(const Expr& node) {
    const cel::Comprehension& fold = *node.comprehension;
    Append("__comprehension__(");
    ++indent_;
    EndLine();
    Label("// Variable");
    Append(fold.variable);
    Separate();
    Part("// Target", *node.operand);
    Label("// Accumulator");
    Append(fold.accumulator);
    Separate();
    Part("// Init", *node.arguments[0]);
    Part("// LoopCondition", *node.arguments[1]);
    Part("// LoopStep", *node.arguments[2]);
    Label("// Result");
    Write(*node.arguments[3]);
    Append(")");
    --indent_;
    Adorn("Expr_ComprehensionExpr");
  }

  void Label(std::string_view label) {
    Append(label);
    EndLine();
  }

  void Part(std::string_view label, const Expr& node) {
    Label(label);
    Write(node);
    Separate();
  }

  void WriteLiteral(const Value& value) {
    switch (value.kind()) {
      case ValueKind::kNull:
        Append("null");
        return Adorn("Constant_NullValue");
      case ValueKind::kBool:
        Append(value.bool_value() ? "true" : "false");
        return Adorn("Constant_BoolValue");
      case ValueKind::kInt:
        Append(std::to_string(value.int_value()));
        return Adorn("Constant_Int64Value");
      case ValueKind::kUint:
        Append(std::to_string(value.uint_value()) + "u");
        return Adorn("Constant_Uint64Value");
      case ValueKind::kDouble:
        Append(ShowDouble(value.double_value()));
        return Adorn("Constant_DoubleValue");
      case ValueKind::kString:
        Append(Quote(value.text()));
        return Adorn("Constant_StringValue");
      case ValueKind::kBytes:
        Append("b" + Quote(value.text()));
        return Adorn("Constant_BytesValue");
      default:
        return WriteLiteralList(value.list());
    }
  }

  void WriteLiteralList(const ListValue& list) {
    Append("[");
    Open(list.size() > 0);
    for (const Value& item : list.items()) {
      if (&item != &list.items().front()) Separate();
      WriteLiteral(item);
    }
    Close(list.size() > 0);
    Append("]");
    Adorn("Expr_ListExpr");
  }

  static std::string ShowDouble(double number) {
    char digits[32];
    auto result = std::abs(number) < 1e6
                      ? std::to_chars(digits, digits + sizeof(digits), number,
                                      std::chars_format::fixed)
                      : std::to_chars(digits, digits + sizeof(digits), number,
                                      std::chars_format::scientific);
    return {digits, result.ptr};
  }

  // Only what is neither printable nor text is escaped.
  static std::string Quote(std::string_view text) {
    static constexpr std::string_view kEscaped = "\a\b\t\n\v\f\r\"\\";
    static constexpr std::string_view kLetters = "abtnvfr\"\\";
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string quoted = "\"";
    while (!text.empty()) {
      std::size_t length = CodePointLength(text);
      auto byte = static_cast<std::uint8_t>(text[0]);
      std::size_t index = kEscaped.find(text[0]);
      if (index != std::string_view::npos) {
        quoted.append({'\\', kLetters[index]});
      } else if (length == 0 || byte < 0x20 || byte == 0x7F) {
        quoted.append({'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]});
      } else {
        quoted.append(text.substr(0, length));
      }
      text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return quoted + '"';
  }

  void Open(bool has_content) {
    if (!has_content) return;
    EndLine();
    ++indent_;
  }
  void Close(bool has_content) {
    if (!has_content) return;
    --indent_;
    EndLine();
  }
  void Separate() {
    Append(",");
    EndLine();
  }
  void EndLine() {
    text_.push_back('\n');
    is_line_start_ = true;
  }
  void Append(std::string_view text) {
    if (is_line_start_)
      text_.append(2 * static_cast<std::size_t>(indent_), ' ');
    is_line_start_ = false;
    text_.append(text);
  }
  void Adorn(std::string_view kind) {
    Append("^#*expr." + std::string(kind) + "#");
  }

  std::string text_;
  int indent_ = 0;
  bool is_line_start_ = true;
};

}  // namespace

std::string DebugText(const Expr& root) {
  DebugWriter writer;
  writer.Write(root);
  return std::move(writer).Take();
}

}  // namespace streamer::conformance
