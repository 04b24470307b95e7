// Random: the source of every random test.
//
// One seed makes one sequence, on every machine: std::mt19937_64 is fixed by
// the standard, the distributions of <random> are not, so they are not used.
//
//   Random random(SeedOf("PredicateIndexTest"));
//   SCOPED_TRACE(random.seed_note());
#ifndef STREAMER_TESTS_SUPPORT_RANDOM_H_
#define STREAMER_TESTS_SUPPORT_RANDOM_H_

#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace streamer::support {

// The seed for the test `name`: STREAMER_TEST_SEED from the environment, else
// a number that depends on the name alone.
std::uint64_t SeedOf(std::string_view name);

class Random {
 public:
  explicit Random(std::uint64_t seed) : seed_(seed), engine_(seed) {}

  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  // "replay with STREAMER_TEST_SEED=7"
  [[nodiscard]] std::string seed_note() const;

  std::uint64_t Bits() { return engine_(); }
  // A number in [0, count). REQUIRES: count > 0.
  std::size_t Below(std::size_t count) { return engine_() % count; }
  // A number in [least, greatest].
  std::int64_t Between(std::int64_t least, std::int64_t greatest) {
    auto width = static_cast<std::uint64_t>(greatest) -
                 static_cast<std::uint64_t>(least) + 1;
    std::uint64_t step = width == 0 ? engine_() : engine_() % width;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + step);
  }
  // True `times` out of `of` times.
  bool Chance(std::size_t times, std::size_t of) { return Below(of) < times; }

  template <typename T>
  const T& Pick(std::span<const T> choices) {
    return choices[Below(choices.size())];
  }
  template <typename T>
  const T& Pick(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }
  template <typename T>
  T Pick(std::initializer_list<T> choices) {
    return choices.begin()[Below(choices.size())];
  }

 private:
  std::uint64_t seed_;
  std::mt19937_64 engine_;
};

}  // namespace streamer::support

#endif  // STREAMER_TESTS_SUPPORT_RANDOM_H_
