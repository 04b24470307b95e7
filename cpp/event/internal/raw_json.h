// Raw JSON: the members of an object as they stand in the text.
//
// A parsed value knows what a number means, not how it was written; what is
// delivered keeps the source's writing. So the text is cut into members here
// and their values are passed on untouched.
//
// All functions REQUIRE text that ParseJson has accepted. On other text they
// give wrong pieces, but stay inside it.
//
// Cost: one look at each byte.
#ifndef STREAMER_EVENT_INTERNAL_RAW_JSON_H_
#define STREAMER_EVENT_INTERNAL_RAW_JSON_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace streamer::internal {

struct RawMember {
  std::string_view key;    // without quotes, still escaped
  std::string_view value;  // without surrounding white space
};

// Walks the members of one object, in order, repeated keys included.
class RawMembers {
 public:
  // `object` is the text of a JSON object.
  explicit RawMembers(std::string_view object);

  // False when there are no more.
  bool Next(RawMember& member);

 private:
  void SkipSpace();
  std::string_view TakeString();  // with its quotes
  std::string_view TakeValue();

  const char* next_;
  const char* end_;
};

// Whether the escaped `key` spells `name`, which needs no escape.
bool SpellsName(std::string_view key, std::string_view name);

// The value of the last member called `name`; empty when there is none.
std::string_view FindRaw(std::string_view object, std::string_view name);

// Adds members to an object whose text stands in `json` without its closing
// brace; the caller adds that.
class RawObjectWriter {
 public:
  // Starts an object, with the members of `object` if it is given.
  explicit RawObjectWriter(std::string& json);
  RawObjectWriter(std::string& json, std::string_view object);

  // `key` is escaped already, `value` is JSON.
  void Add(std::string_view key, std::string_view value);
  // `text` becomes a JSON string.
  void AddText(std::string_view key, std::string_view text);

 private:
  void AddKey(std::string_view key);

  std::string& json_;
  bool is_empty_ = true;
};

}  // namespace streamer::internal

#endif  // STREAMER_EVENT_INTERNAL_RAW_JSON_H_
