// Random values, documents and JSON text.
//
// Values are drawn so that they meet: few field names, few words, small
// numbers written in all three numeric types, and the numbers at which types
// and roundings meet (2^53, the ends of int and uint, both zeros, NaN). Two
// values drawn apart are equal often enough for a test of equality.
#ifndef STREAMER_TESTS_SUPPORT_RANDOM_VALUE_H_
#define STREAMER_TESTS_SUPPORT_RANDOM_VALUE_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "support/random.h"
#include "value/value.h"

namespace streamer::support {

// Which values RandomValues draws.
enum class ValueRange {
  kJson,  // what ParseJson may yield
  kCel,   // and bytes, NaN, infinities, timestamps, durations, types
};

class RandomValues {
 public:
  RandomValues(Random& random, Arena& arena, ValueRange range)
      : random_(random), arena_(arena), range_(range) {}

  // The names of the fields of documents, at every level; few, so that paths
  // drawn by others lead somewhere: a b c price tags name.
  static const std::vector<std::string>& field_names();

  Value Number();
  Value Text();
  // Anything but a list or a map.
  Value Scalar();
  // Anything, nested at most `depth` levels.
  Value Any(int depth);
  // A map with field_names() as keys, some of them missing.
  Value Document(int depth);

 private:
  Value Time();
  Value List(int depth);

  Random& random_;
  Arena& arena_;
  ValueRange range_;
};

// JSON text of `value` as a hostile writer might spell it: spaces, escapes,
// repeated keys whose last value is right, integers with a sign or as they
// are. Reads back to a value with the identity of `value`, if that came from
// kJson.
std::string SpellJson(const Value& value, Random& random);

// `text` with a few bytes changed, dropped or doubled. Often no longer JSON.
std::string DamageText(std::string_view text, Random& random);

}  // namespace streamer::support

#endif  // STREAMER_TESTS_SUPPORT_RANDOM_VALUE_H_
