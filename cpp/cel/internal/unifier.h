// Unifier: what the type parameters of one check stand for, so far.
//
// A fresh parameter stands for any type; comparing it with a type makes it
// stand for that, or for the more general of the two if it stood for one
// already. A comparison that fails leaves everything as it was.
//
// Types may share parts and so be far larger than their memory. Every step is
// counted: beyond a bound everything is assignable, and is_exhausted() says
// so. Nothing is allocated but types that are made.
#ifndef STREAMER_CEL_INTERNAL_UNIFIER_H_
#define STREAMER_CEL_INTERNAL_UNIFIER_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "base/arena.h"
#include "cel/types.h"

namespace streamer::cel::internal {

class Unifier {
 public:
  explicit Unifier(Arena& arena) : arena_(arena) {}

  // A parameter that stands for nothing yet.
  const Type* NewParameter();

  // Whether a value of type `from` may stand where one of `to` is needed.
  bool IsAssignable(const Type* from, const Type* to);
  // Each of one list to its place in the other, or none.
  bool AreAssignable(std::span<const Type* const> from,
                     std::span<const Type* const> to);

  // The type that values of both have: the more general, or dyn.
  const Type* Join(const Type* left, const Type* right);

  // `type` with every parameter replaced by what it stands for; one that
  // stands for nothing stays.
  const Type* Resolve(const Type* type);
  // The first level only: what a parameter stands for.
  const Type* Shallow(const Type* type) const;

  // Copies of `types` with their named parameters A, B, … replaced by new
  // ones, the same ones for the same name.
  using Types = absl::InlinedVector<const Type*, 4>;
  Types Instantiate(std::span<const Type* const> types);

  [[nodiscard]] bool is_exhausted() const { return steps_ > kMostSteps; }

 private:
  static constexpr std::uint32_t kMostSteps = 200'000;

  bool Assign(const Type* from, const Type* to);
  bool AssignAll(const Type* from, const Type* to);
  // Whether parameter `parameter` can stand for `type`; `had_one` is set when
  // it stood for a type before.
  bool Substitute(const Type* type, const Type* parameter, bool& had_one);
  bool Occurs(const Type* parameter, const Type* type);
  bool IsMoreGeneral(const Type* left, const Type* right);
  bool IsSame(const Type* left, const Type* right);
  void Bind(const Type* parameter, const Type* type);
  void Undo(std::size_t mark);
  using Fresh =
      absl::InlinedVector<std::pair<std::string_view, const Type*>, 3>;
  const Type* Replace(const Type* type, Fresh& fresh);
  bool Step() { return ++steps_ <= kMostSteps; }

  struct Change {
    std::uint32_t variable;
    const Type* before;
  };

  Arena& arena_;
  // By variable, from 1.
  absl::InlinedVector<const Type*, 8> stands_for_ = {nullptr};
  absl::InlinedVector<Change, 8> changes_;
  std::uint32_t steps_ = 0;
};

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_UNIFIER_H_
