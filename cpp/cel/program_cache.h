// ProgramCache: expressions that are compiled once, however often they are
// asked for and however they are written.
//
// An expression is found by its text; failing that, by its canonical text,
// which is what its tree prints as: spaces, comments and parentheses that
// change nothing do not make another program. The least recently used program
// makes room for a new one. What is refused is not kept.
//
// Cost: a hit is one look-up; a hit by canonical text a parse more. At most
// `capacity` programs and as many texts are held.
// Thread-safety: none; one owner. The programs may be used anywhere.
#ifndef STREAMER_CEL_PROGRAM_CACHE_H_
#define STREAMER_CEL_PROGRAM_CACHE_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "cel/limits.h"
#include "cel/program.h"
#include "cel/variables.h"

namespace streamer::cel {

class ProgramCache {
 public:
  // REQUIRES: capacity > 0.
  ProgramCache(Variables variables, std::size_t capacity, Limits limits = {});

  // The program of `text`, checked and within the limits; or InvalidArgument
  // with the report of everything that is wrong with it.
  Result<std::shared_ptr<const Program>> Get(std::string_view text);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string canonical;
    std::shared_ptr<const Program> program;
  };
  using Entries = std::list<Entry>;  // the most recently used first

  std::shared_ptr<const Program> Use(Entries::iterator entry);
  void Remember(std::string_view text, Entries::iterator entry);
  Result<std::shared_ptr<const Program>> Add(const Tree& tree,
                                             std::string canonical);

  Variables variables_;
  std::size_t capacity_;
  Limits limits_;
  Entries entries_;
  TextMap<Entries::iterator> by_canonical_;
  TextMap<Entries::iterator> by_text_;
};

}  // namespace streamer::cel

#endif  // STREAMER_CEL_PROGRAM_CACHE_H_
