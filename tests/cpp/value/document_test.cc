#include "value/document.h"

#include <gtest/gtest.h>

namespace streamer {
namespace {

TEST(DocumentTest, KeepsTheTextOfItsSource) {
  std::string json = R"( {"price": 1.50, "big": 123456789012345678901234} )";
  auto document = Document::Parse(json).value();
  EXPECT_EQ(document->json(), json);
  EXPECT_EQ(document->root().map().Find("price")->double_value(), 1.5);
  EXPECT_EQ(document->root().map().Find("big")->double_value(),
            123456789012345678901234.0);
}

TEST(DocumentTest, AnythingButAnObjectIsRefused) {
  struct Case {
    std::string_view json;
    std::string_view message;
  };
  const Case cases[] = {
      {"[1]", "expected a JSON object, got '[', at byte 0"},
      {"  null", "expected a JSON object, got 'n', at byte 2"},
      {"\"text\"", "expected a JSON object, got '\"', at byte 0"},
      {"", "expected a value, got end of text, at byte 0"},
      {"{\"a\":}", "expected a value, got '}', at byte 5"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Document::Parse(std::string(c.json)).status(),
              InvalidArgument(std::string(c.message)));
  }
}

TEST(DocumentTest, StaysValidAsLongAsItIsShared) {
  std::shared_ptr<const Document> kept;
  {
    auto document = Document::Parse(R"({"name":"ada"})").value();
    kept = document;
  }
  EXPECT_EQ(kept->root().map().Find("name")->text(), "ada");
}

}  // namespace
}  // namespace streamer
