// GuidedJson: reads from JSON text only the members that somebody asks for.
//
// A guide is asked at each member of each object that is entered whether it
// cares. What it does not care for is skipped, at a fraction of the cost of
// reading it; that is most of a document that is matched against filters.
//
//   GuidedJson reader;
//   if (!reader.Read(text, root, guide, arena)) …  // read it as a whole
//
// It is a fast path and gives up easily: at text that is no object, at an
// escaped key, at a number that simdjson leaves to others, when the guide says
// so, and at what it notices to be wrong. Then the text must be read by
// ParseJson, which is the truth of what it says.
//
// Invariant: what the guide is given is what ParseJson has at that place, if
// no member on the way is repeated. (A guide notices: it is asked twice.)
// What is skipped is not checked: text should be what ParseJson accepts.
//
// Cost: one pass of simdjson, an interface call for each member entered.
// Thread-safety: none.
#ifndef STREAMER_VALUE_GUIDED_JSON_H_
#define STREAMER_VALUE_GUIDED_JSON_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/arena.h"
#include "value/value.h"

namespace streamer {

class JsonGuide {
 public:
  // A place in the document, as the guide numbers them.
  using Node = std::uint32_t;
  static constexpr Node kSkip = ~Node{0};

  struct Step {
    Node node = kSkip;
    // Whether a list or map is read in full. If not, it is given as an empty
    // one, and the members of a map are asked for one by one.
    bool wants_whole = false;
  };

  // What to do with member `key` of the object at `node`.
  virtual Step Enter(Node node, std::string_view key) = 0;
  // The value there; before those of its members. False: give up.
  virtual bool Set(Node node, const Value& value) = 0;

 protected:
  ~JsonGuide() = default;
};

class GuidedJson {
 public:
  GuidedJson();
  ~GuidedJson();
  GuidedJson(GuidedJson&&) noexcept;
  GuidedJson& operator=(GuidedJson&&) noexcept;

  // Reads the object `text`, whose place is `root`. False when it gave up; the
  // guide may have been given a part by then. Values lie in `arena` and in
  // this reader, and are valid until the next Read.
  bool Read(std::string_view text, JsonGuide::Node root, JsonGuide& guide,
            Arena& arena);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_VALUE_GUIDED_JSON_H_
