#include "index/internal/path_trie.h"

#include <optional>
#include <utility>

#include "base/hash.h"

namespace streamer {
namespace {

std::uint64_t HashOfChild(PathId parent, std::string_view segment) {
  return MixHash(HashBytes(segment), parent.value());
}

std::uint64_t BitOf(std::string_view segment) {
  if (segment.empty()) return 1;
  const auto first = static_cast<unsigned char>(segment.front());
  const auto last = static_cast<unsigned char>(segment.back());
  return std::uint64_t{1} << ((segment.size() + 5 * first + 11 * last) % 64);
}

bool IsDocument(std::size_t variable) {
  return variable == static_cast<std::size_t>(FilterVariable::kDoc) ||
         variable == static_cast<std::size_t>(FilterVariable::kData);
}

}  // namespace

PathId PathTrie::Acquire(FilterVariable variable, const FieldPath& path) {
  PathId& root = roots_[static_cast<std::size_t>(variable)];
  if (root == kNone) root = AddChild(kNone, "");
  PathId current = root;
  for (const std::string& segment : path.segments()) {
    PathId child = FindChild(current, segment);
    if (child == kNone) child = AddChild(current, segment);
    current = child;
  }
  PathNode& node = (*this)[current];
  ++node.references;
  if (variable == FilterVariable::kDerived && node.derived == nullptr) {
    node.derived =
        std::make_unique<const DerivedValue>(DerivedValue::Compile(path));
  }
  return current;
}

PathId PathTrie::Find(FilterVariable variable, const FieldPath& path) const {
  PathId current = roots_[static_cast<std::size_t>(variable)];
  for (const std::string& segment : path.segments()) {
    if (current == kNone) return kNone;
    current = FindChild(current, segment);
  }
  return current;
}

void PathTrie::Release(PathId path) {
  --(*this)[path].references;
  RemoveIfUnused(path);
}

// Removes the node, and then those above that were there for it alone.
void PathTrie::RemoveIfUnused(PathId path) {
  while (path != kNone && (*this)[path].references == 0 &&
         (*this)[path].child_count == 0) {
    const PathId parent = (*this)[path].parent;
    if (parent == kNone) {
      for (PathId& root : roots_) {
        if (root == path) root = kNone;
      }
    } else {
      RemoveChild(path);
    }
    nodes_.Remove(path.value());
    path = parent;
  }
}

PathId PathTrie::FindChild(PathId parent, std::string_view segment) const {
  if (((*this)[parent].child_bits & BitOf(segment)) == 0) return kNone;
  const HashIndex::Number number = children_.Find(
      HashOfChild(parent, segment), [&](HashIndex::Number candidate) {
        const PathNode& node = nodes_[candidate];
        return node.parent == parent && node.segment == segment;
      });
  return PathId(number);
}

PathId PathTrie::AddChild(PathId parent, std::string_view segment) {
  PathNode node;
  node.parent = parent;
  node.segment = segment;
  node.first_child = node.next_sibling = node.previous_sibling = kNone;
  const PathId path(nodes_.Add(std::move(node)));
  if (parent == kNone) return path;
  PathNode& above = (*this)[parent];
  (*this)[path].next_sibling = above.first_child;
  if (above.first_child != kNone) {
    (*this)[above.first_child].previous_sibling = path;
  }
  above.first_child = path;
  ++above.child_count;
  above.child_bits |= BitOf(segment);
  children_.Insert(HashOfChild(parent, segment), path.value());
  return path;
}

void PathTrie::RemoveChild(PathId path) {
  const PathNode& node = (*this)[path];
  PathNode& above = (*this)[node.parent];
  if (node.previous_sibling == kNone) {
    above.first_child = node.next_sibling;
  } else {
    (*this)[node.previous_sibling].next_sibling = node.next_sibling;
  }
  if (node.next_sibling != kNone) {
    (*this)[node.next_sibling].previous_sibling = node.previous_sibling;
  }
  --above.child_count;
  // No document is searched for derived values, and there may be many.
  if (node.parent != root(FilterVariable::kDerived)) {
    above.child_bits = 0;
    for (PathId child = above.first_child; child != kNone;
         child = (*this)[child].next_sibling) {
      above.child_bits |= BitOf((*this)[child].segment);
    }
  }
  children_.Erase(HashOfChild(node.parent, node.segment), path.value());
}

void PathTrie::Walk(const FilterInput& input, IndexScratch& scratch) const {
  for (std::size_t i = 0; i < kFilterVariableCount; ++i) {
    if (roots_[i] != kNone) Visit(roots_[i], input.values[i], scratch);
  }
  VisitDerived(input, scratch);
}

void PathTrie::WalkOthers(const FilterInput& input,
                          IndexScratch& scratch) const {
  for (std::size_t i = 0; i < kFilterVariableCount; ++i) {
    if (roots_[i] == kNone || IsDocument(i)) continue;
    Visit(roots_[i], input.values[i], scratch);
  }
}

void PathTrie::Visit(PathId path, const Value& value,
                     IndexScratch& scratch) const {
  scratch.SetPath(path, value);
  const PathNode& node = (*this)[path];
  if (node.child_count > 0 && value.is(ValueKind::kMap)) {
    VisitChildren(node, path, value.map(), scratch);
  }
}

void PathTrie::VisitDerived(const FilterInput& input,
                            IndexScratch& scratch) const {
  const PathId all = root(FilterVariable::kDerived);
  if (all == kNone) return;
  for (PathId path = (*this)[all].first_child; path != kNone;
       path = (*this)[path].next_sibling) {
    ++scratch.derived;
    cel::Meter meter(scratch.evaluation_budget);
    const std::optional<Value> value =
        (*this)[path].derived->Evaluate(input, scratch.arena, meter);
    if (value.has_value()) {
      scratch.SetPath(path, *scratch.arena.New<Value>(*value));
    } else if (meter.is_exhausted()) {
      scratch.cut_off.push_back(path);
    }
  }
}

void PathTrie::VisitChildren(const PathNode& node, PathId path,
                             const MapValue& map, IndexScratch& scratch) const {
  if (map.size() < node.child_count) {
    for (const MapEntry& entry : map.entries()) {
      if (!entry.key.is(ValueKind::kString)) continue;
      const PathId child = FindChild(path, entry.key.text());
      if (child != kNone) Visit(child, entry.value, scratch);
    }
    return;
  }
  for (PathId child = node.first_child; child != kNone;
       child = (*this)[child].next_sibling) {
    const Value* value = map.Find((*this)[child].segment);
    if (value != nullptr) Visit(child, *value, scratch);
  }
}

std::size_t PathTrie::memory_bytes() const {
  return nodes_.memory_bytes() + children_.memory_bytes();
}

}  // namespace streamer
