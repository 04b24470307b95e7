// The standard library: operators, size(), conversions, tests of texts.
#include "cel/expression.h"
#include "cel/internal/conversions.h"
#include "cel/internal/libraries.h"
#include "cel/internal/map_insert.h"
#include "cel/internal/operators.h"
#include "cel/internal/text_functions.h"

namespace streamer::cel::internal {
namespace {

constexpr CallStyle kGlobal = CallStyle::kGlobal;
constexpr CallStyle kMember = CallStyle::kMember;

constexpr Cost kOne = {CostRule::kFixed, 1};
constexpr Cost kConversion = {CostRule::kText, 3};
constexpr Cost kNumber = {CostRule::kNumber, 3};
constexpr Cost kTextTest = {CostRule::kText, 1};

constexpr std::string_view kOrdered =
    "(bool, bool) -> bool; (int, int) -> bool; (uint, uint) -> bool; "
    "(double, double) -> bool; (string, string) -> bool; "
    "(bytes, bytes) -> bool; (timestamp, timestamp) -> bool; "
    "(duration, duration) -> bool";
constexpr std::string_view kSizes =
    "(string) -> int; (bytes) -> int; (list(A)) -> int; (map(A, B)) -> int";
constexpr std::string_view kTwoTexts = "(string, string) -> bool";

constexpr FunctionEntry kEntries[] = {
    {operators::kEqual,
     kGlobal,
     2,
     OperatorEqual,
     {CostRule::kEqual, 1},
     "(A, A) -> bool"},
    {operators::kNotEqual,
     kGlobal,
     2,
     OperatorNotEqual,
     {CostRule::kEqual, 1},
     "(A, A) -> bool"},
    {operators::kLess,
     kGlobal,
     2,
     OperatorLess,
     {CostRule::kOrder, 1},
     kOrdered},
    {operators::kLessEqual,
     kGlobal,
     2,
     OperatorLessEqual,
     {CostRule::kOrder, 1},
     kOrdered},
    {operators::kGreater,
     kGlobal,
     2,
     OperatorGreater,
     {CostRule::kOrder, 1},
     kOrdered},
    {operators::kGreaterEqual,
     kGlobal,
     2,
     OperatorGreaterEqual,
     {CostRule::kOrder, 1},
     kOrdered},
    {operators::kIn,
     kGlobal,
     2,
     OperatorIn,
     {CostRule::kMember, 1},
     "(A, list(A)) -> bool; (A, map(A, B)) -> bool"},
    {operators::kAdd,
     kGlobal,
     2,
     OperatorAdd,
     {CostRule::kAdd, 1},
     "(int, int) -> int; (uint, uint) -> uint; (double, double) -> double; "
     "(string, string) -> string; (bytes, bytes) -> bytes; "
     "(list(A), list(A)) -> list(A); (timestamp, duration) -> timestamp; "
     "(duration, timestamp) -> timestamp; (duration, duration) -> duration"},
    {operators::kSubtract, kGlobal, 2, OperatorSubtract, kOne,
     "(int, int) -> int; (uint, uint) -> uint; (double, double) -> double; "
     "(timestamp, timestamp) -> duration; (timestamp, duration) -> timestamp; "
     "(duration, duration) -> duration"},
    {operators::kMultiply, kGlobal, 2, OperatorMultiply, kOne,
     "(int, int) -> int; (uint, uint) -> uint; (double, double) -> double"},
    {operators::kDivide, kGlobal, 2, OperatorDivide, kOne,
     "(int, int) -> int; (uint, uint) -> uint; (double, double) -> double"},
    {operators::kModulo, kGlobal, 2, OperatorModulo, kOne,
     "(int, int) -> int; (uint, uint) -> uint"},
    {operators::kNegate, kGlobal, 1, OperatorNegate, kOne,
     "(int) -> int; (double) -> double"},
    {operators::kNot, kGlobal, 1, OperatorNot, kOne, "(bool) -> bool"},
    {operators::kIndex, kGlobal, 2, OperatorIndex, kTextTest,
     "(list(A), int) -> A; (map(A, B), A) -> B; "
     "(optional_type(list(A)), int) -> optional_type(A); "
     "(optional_type(map(A, B)), A) -> optional_type(B)"},
    {operators::kMapInsert,
     kGlobal,
     2,
     InsertEntries,
     {CostRule::kElements, 4},
     "(map(A, B), map(A, B)) -> map(A, B)"},
    {operators::kMapInsert,
     kGlobal,
     3,
     InsertEntry,
     {CostRule::kElements, 4},
     "(map(A, B), A, B) -> map(A, B)"},
    {"size", kGlobal, 1, FunctionSize, kTextTest, kSizes},
    {"size", kMember, 1, FunctionSize, kTextTest, kSizes},
    {"startsWith", kMember, 2, FunctionStartsWith, kTextTest, kTwoTexts},
    {"endsWith", kMember, 2, FunctionEndsWith, kTextTest, kTwoTexts},
    {"contains",
     kMember,
     2,
     FunctionContains,
     {CostRule::kSearch, 1},
     kTwoTexts},
    {"matches",
     kMember,
     2,
     FunctionMatches,
     {CostRule::kPattern, 2},
     kTwoTexts},
    {"matches",
     kGlobal,
     2,
     FunctionMatches,
     {CostRule::kPattern, 2},
     kTwoTexts},
    {"bool", kGlobal, 1, ConvertToBool, kConversion,
     "(bool) -> bool; (string) -> bool"},
    {"bytes", kGlobal, 1, ConvertToBytes, kConversion,
     "(bytes) -> bytes; (string) -> bytes"},
    {"double", kGlobal, 1, ConvertToDouble, kNumber,
     "(double) -> double; (int) -> double; (string) -> double; "
     "(uint) -> double"},
    {"duration", kGlobal, 1, ConvertToDuration, kConversion,
     "(duration) -> duration; (string) -> duration"},
    {"dyn", kGlobal, 1, ConvertToDyn, kOne, "(A) -> dyn"},
    {"int", kGlobal, 1, ConvertToInt, kConversion,
     "(int) -> int; (double) -> int; (string) -> int; (timestamp) -> int; "
     "(uint) -> int"},
    {"string", kGlobal, 1, ConvertToString, kConversion,
     "(string) -> string; (bool) -> string; (bytes) -> string; "
     "(double) -> string; (duration) -> string; (int) -> string; "
     "(timestamp) -> string; (uint) -> string"},
    {"timestamp", kGlobal, 1, ConvertToTimestamp, kConversion,
     "(timestamp) -> timestamp; (int) -> timestamp; (string) -> timestamp"},
    {"type", kGlobal, 1, ConvertToType, kOne, "(A) -> type(A)"},
    {"uint", kGlobal, 1, ConvertToUint, kConversion,
     "(uint) -> uint; (double) -> uint; (int) -> uint; (string) -> uint"},
};
static_assert(AreComplete(kEntries));

}  // namespace

std::span<const FunctionEntry> StandardFunctions() { return kEntries; }

}  // namespace streamer::cel::internal
