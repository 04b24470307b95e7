#include "cel/expression.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "cel/parser.h"

namespace streamer::cel {
namespace {

static_assert(std::is_trivially_destructible_v<Expr>,
              "nodes live in an arena, which runs no destructors");

TEST(TreeTest, CopiesShareTheirNodes) {
  Tree tree = Parse("doc.a + 1").value();
  Tree copy = tree;
  EXPECT_EQ(&copy.root(), &tree.root());
  EXPECT_EQ(copy.arena(), tree.arena());
  EXPECT_EQ(copy.text(), "doc.a + 1");
}

TEST(TreeTest, NodesOutliveTheTreeThroughItsArena) {
  std::shared_ptr<const Arena> arena;
  const Expr* root = nullptr;
  {
    Tree tree = Parse("doc.field").value();
    arena = tree.arena();
    root = &tree.root();
  }
  EXPECT_EQ(root->name, "field");
}

}  // namespace
}  // namespace streamer::cel
