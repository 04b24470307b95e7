#include "index/id_marks.h"

#include <gtest/gtest.h>

#include <map>

#include "support/random.h"

namespace streamer {
namespace {

TEST(IdMarksTest, AnIdIsNewOnceUntilTheMarksAreForgotten) {
  IdMarks marks;
  EXPECT_FALSE(marks.IsMarked(0));
  EXPECT_TRUE(marks.Mark(0).is_new);
  EXPECT_FALSE(marks.Mark(0).is_new);
  EXPECT_TRUE(marks.IsMarked(0));
  marks.Clear();
  EXPECT_FALSE(marks.IsMarked(0));
  EXPECT_TRUE(marks.Mark(0).is_new);
}

TEST(IdMarksTest, AnswersAreFalseUntilNoted) {
  IdMarks marks;
  const std::size_t place = marks.Mark(7).place;
  EXPECT_FALSE(marks.noted(place));
  marks.Note(place, true);
  EXPECT_TRUE(marks.noted(marks.Mark(7).place));
  marks.Clear();
  EXPECT_FALSE(marks.noted(marks.Mark(7).place));
}

TEST(IdMarksTest, AgreesWithAMapThroughGrowth) {
  support::Random random(support::SeedOf("IdMarksTest.Growth"));
  SCOPED_TRACE(random.seed_note());
  IdMarks marks;
  for (int event = 0; event < 200; ++event) {
    std::map<std::uint32_t, bool> model;
    const std::size_t count = random.Below(event % 20 == 0 ? 3'000 : 40);
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = static_cast<std::uint32_t>(random.Below(2'000) << 12);
      const auto [is_new, place] = marks.Mark(id);
      ASSERT_EQ(is_new, !model.contains(id));
      ASSERT_EQ(marks.noted(place), model[id]);
      model[id] = random.Chance(1, 2);
      marks.Note(place, model[id]);
    }
    for (std::uint32_t id = 0; id < 2'000; ++id) {
      ASSERT_EQ(marks.IsMarked(id << 12), model.contains(id << 12));
    }
    marks.Clear();
  }
}

}  // namespace
}  // namespace streamer
