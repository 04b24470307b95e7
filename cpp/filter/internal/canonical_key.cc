#include "filter/internal/canonical_key.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace streamer {
namespace {

class KeyWriter {
 public:
  explicit KeyWriter(const LogicGraph& graph)
      : graph_(graph),
        heights_(graph.nodes().size(), kUnseen),
        numbers_(graph.nodes().size(), 0) {}

  std::string Write(LogicIndex root) {
    Arrange(root);
    for (const std::vector<LogicIndex>& level : levels_) WriteLevel(level);
    return std::move(key_);
  }

 private:
  static constexpr std::uint32_t kUnseen = ~std::uint32_t{0};

  // Puts `index` and all below it into levels_ by height.
  std::uint32_t Arrange(LogicIndex index) {
    if (heights_[index] != kUnseen) return heights_[index];
    std::uint32_t height = 0;
    for (LogicIndex child : graph_.nodes()[index].children) {
      height = std::max(height, Arrange(child) + 1);
    }
    heights_[index] = height;
    if (levels_.size() <= height) levels_.resize(height + 1);
    levels_[height].push_back(index);
    return height;
  }

  void WriteLevel(const std::vector<LogicIndex>& level) {
    std::vector<std::pair<std::string, LogicIndex>> lines;
    lines.reserve(level.size());
    for (LogicIndex index : level) lines.emplace_back(Line(index), index);
    std::sort(lines.begin(), lines.end());
    for (const auto& [line, index] : lines) {
      numbers_[index] = next_number_++;
      key_ += std::to_string(line.size());
      key_ += ':';
      key_ += line;
    }
    key_ += '/';
  }

  std::string Line(LogicIndex index) const {
    const LogicNode& node = graph_.nodes()[index];
    if (node.kind == LogicKind::kAtom) {
      return graph_.atoms()[node.atom].identity;
    }
    std::vector<std::uint32_t> children;
    for (LogicIndex child : node.children) {
      children.push_back(numbers_[child]);
    }
    std::sort(children.begin(), children.end());
    std::string line(1, node.kind == LogicKind::kAnd ? '&' : '|');
    for (std::uint32_t child : children) {
      line += std::to_string(child);
      line += ',';
    }
    return line;
  }

  const LogicGraph& graph_;
  std::vector<std::uint32_t> heights_;
  std::vector<std::uint32_t> numbers_;
  std::vector<std::vector<LogicIndex>> levels_;
  std::uint32_t next_number_ = 0;
  std::string key_;
};

}  // namespace

std::string CanonicalKey(const LogicGraph& graph, LogicIndex root) {
  return KeyWriter(graph).Write(root);
}

}  // namespace streamer
