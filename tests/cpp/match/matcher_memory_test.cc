// What matching and churn do to the heap. The global operators new and delete
// of this test program count.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "match/matched.h"
#include "match/matcher.h"

namespace {

std::size_t live_bytes = 0;
std::size_t allocations = 0;

void* Allocate(std::size_t size, std::size_t alignment) {
  void* memory = std::aligned_alloc(
      alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  live_bytes += malloc_usable_size(memory);
  ++allocations;
  return memory;
}

void Free(void* memory) noexcept {
  if (memory == nullptr) return;
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new[](std::size_t size) {
  return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { Free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept {
  Free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  Free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  Free(memory);
}

namespace streamer {
namespace {

using FilterPointer = std::shared_ptr<const Filter>;

// Filters that hang in every way there is.
std::vector<FilterPointer> ManyFilters(int count) {
  std::vector<FilterPointer> filters;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    for (const std::string& expression : {
             "doc.key == 'key-" + n + "' && doc.price > " + n,
             "doc.price >= " + n + ".5 && doc.price < " + n + ".75",
             "doc.f" + n + " in [1, 2, 'x" + n + "'] || doc.g == " + n,
             "'tag-" + n + "' in doc.tags",
             "doc.name.startsWith('user-" + n + "') && doc.name < 'z'",
             "!has(doc.a" + n + ") && doc.b.c" + n + " != 3",
             "doc.name.contains('" + n + "')",
             "doc.id == 'd" + n + "'",
             "size(doc.tags) > " + n,
             "(doc.g + " + n + ") % 7 == 3",
             "doc.g < doc.h + " + n,
         }) {
      filters.push_back(CompileText(expression));
    }
  }
  return filters;
}

// Filters are kept by the million; what is kept of one is what matching needs.
TEST(FilterMemoryTest, AFilterThatItsPredicatesDecideIsKeptInFewBytes) {
  const std::string four =
      "doc.symbol == 'ABC-123' && doc.price >= 17.25 && doc.price < 20.5 && "
      "doc.volume > 1000";
  struct Case {
    std::string expression;
    std::size_t most_bytes;
  };
  for (const Case& c :
       {Case{"doc.room == 'room-123456'", 600}, Case{"doc.price > 17.5", 600},
        Case{"(doc.n1 + doc.n3) % 1009 == 17", 700}, Case{four, 1500}}) {
    CompileText(c.expression);  // what is made once for all filters
    const std::size_t before = live_bytes;
    const FilterPointer filter = CompileText(c.expression);
    EXPECT_LE(live_bytes - before, c.most_bytes) << c.expression;
    EXPECT_GT(live_bytes - before, c.most_bytes / 3) << c.expression;
  }
}

TEST(MatcherMemoryTest, RemovingEverythingGivesEverythingBack) {
  const std::vector<FilterPointer> filters = ManyFilters(300);
  Matcher matcher;
  const std::size_t empty_bytes = matcher.memory_bytes();
  const std::size_t before = live_bytes;
  for (int round = 0; round < 2; ++round) {
    std::uint64_t handle = 0;
    for (const FilterPointer& filter : filters) {
      for (int i = 0; i < 3; ++i) {
        matcher.Add(SubscriptionHandle(++handle), "acme", "rooms", filter);
      }
    }
    EXPECT_GT(matcher.memory_bytes(), empty_bytes + 100'000);
    EXPECT_GT(live_bytes, before + 100'000);
    // Every third from the front, then the rest from the back.
    for (std::uint64_t i = 1; i <= handle; i += 3) {
      matcher.Remove(SubscriptionHandle(i));
    }
    for (std::uint64_t i = handle; i > 0; --i) {
      matcher.Remove(SubscriptionHandle(i));
    }
    EXPECT_EQ(matcher.size(), 0u);
    EXPECT_EQ(matcher.memory_bytes(), empty_bytes);
    EXPECT_EQ(live_bytes, before);
  }
}

// One subscription keeps the collection, so its index must shrink in itself.
TEST(MatcherMemoryTest, AnIndexThatStaysGivesBackWhatIsRemoved) {
  const std::vector<FilterPointer> filters = ManyFilters(300);
  Matcher matcher;
  matcher.Add(SubscriptionHandle(1), "acme", "rooms",
              CompileText("doc.stays == 1"));
  const std::size_t before = live_bytes;
  std::uint64_t handle = 1;
  for (const FilterPointer& filter : filters) {
    matcher.Add(SubscriptionHandle(++handle), "acme", "rooms", filter);
  }
  const std::size_t peak = live_bytes - before;
  for (std::uint64_t i = 2; i <= handle; ++i) {
    matcher.Remove(SubscriptionHandle(i));
  }
  EXPECT_GT(peak, 500'000u);
  EXPECT_LT(live_bytes - before, peak / 50);
}

class SteadyMatchingTest : public testing::Test {
 protected:
  SteadyMatchingTest() {
    std::uint64_t handle = 0;
    for (const FilterPointer& filter : ManyFilters(100)) {
      for (int i = 0; i < 2; ++i) {
        matcher_.Add(SubscriptionHandle(++handle), "acme", "rooms", filter);
      }
    }
  }

  Matcher matcher_;
  std::shared_ptr<const Document> document_ = Document::Parse(R"({
      "key": "key-7", "price": 50.6, "f5": 2, "g": 9, "id": "d3",
      "tags": ["tag-4", "tag-5", "tag-4", "other"], "name": "user-12",
      "b": {"c1": 4, "c2": 3}})")
                                                  .value();
  MatchInput input_ = InputOf(document_->root());
};

TEST_F(SteadyMatchingTest, AllocatesNothingOnceTheScratchHasGrown) {
  MatchScratch scratch;
  const std::size_t matches = matcher_.Match(input_, scratch).size();
  EXPECT_GT(matches, 20u);
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(matcher_.Match(input_, scratch).size(), matches);
  }
  EXPECT_EQ(allocations, before);
}

TEST_F(SteadyMatchingTest, OfBatchesAllocatesNothingOnceTheScratchesHaveGrown) {
  const std::vector<MatchInput> inputs(16, input_);
  std::vector<MatchScratch> scratches(16);
  matcher_.MatchBatch(inputs, scratches);
  EXPECT_GT(scratches[15].matches.size(), 20u);
  const std::size_t before = allocations;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(matcher_.MatchBatch(inputs, scratches), inputs.size());
  }
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace streamer
