// RecordFields: reads the fields of one JSON object, each of which must be
// there, of its kind, and known. The first that is not is the error.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_JUDGE_RECORD_FIELDS_H_
#define STREAMER_TESTS_SIM_JUDGE_RECORD_FIELDS_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "filter/condition.h"
#include "value/value.h"

namespace streamer::sim {

class RecordFields {
 public:
  // Of the object `value`, which errors call `name`. Must outlive this.
  RecordFields(std::string name, const Value& value);

  // Empty, or 0, when it is not what it should be.
  std::string Text(std::string_view field);
  std::uint64_t Number(std::string_view field);
  bool Flag(std::string_view field);
  std::vector<std::string> Texts(std::string_view field);
  // Of triples: field, operator, constant.
  std::vector<Condition> Conditions(std::string_view field);

  // Notes what is wrong with what a field says.
  void Refuse(std::string_view field, const std::string& expected,
              const std::string& got);
  // InvalidArgument with what was wrong first; fields that nobody asked for
  // are.
  Status Finish();

 private:
  // Null when there is no such field, or it is of another kind.
  const Value* Find(std::string_view field, ValueKind kind);
  void Fail(const std::string& message);

  const std::string name_;
  const Value& value_;
  std::set<std::string, std::less<>> asked_;
  Status status_;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_JUDGE_RECORD_FIELDS_H_
