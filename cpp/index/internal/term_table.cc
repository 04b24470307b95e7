#include "index/internal/term_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/hash.h"
#include "index/internal/numbers.h"
#include "value/ordering.h"

namespace streamer {
namespace {

bool HasText(const Value& value) {
  return value.is(ValueKind::kString) || value.is(ValueKind::kBytes);
}

// Whether two constants share a term.
bool IsSameTerm(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number())
    return RoundedNumber(a) == RoundedNumber(b);
  return a.kind() == b.kind() && Equal(a, b);
}

std::uint64_t HashOf(PathId path, const Value& value) {
  return MixHash(Hash(value), path.value());
}

}  // namespace

Lookup LookupOf(const Value& constant) {
  switch (constant.kind()) {
    case ValueKind::kNull:
    case ValueKind::kBool:
    case ValueKind::kString:
    case ValueKind::kBytes:
      return Lookup::kExact;
    case ValueKind::kInt:
    case ValueKind::kUint:
    case ValueKind::kDouble: {
      const double number = RoundedNumber(constant);
      if (std::isnan(number)) return Lookup::kNever;
      return IsExactWhenRounded(number) ? Lookup::kExact : Lookup::kChecked;
    }
    default:
      return Lookup::kNone;
  }
}

TermId TermTable::Acquire(PathId path, const Value& constant) {
  TermId term = Find(path, constant);
  if (term == kNone) {
    Term created;
    created.path = path;
    created.value = constant;
    if (HasText(constant)) {
      const std::string_view text = constant.text();
      created.text = std::make_unique<char[]>(text.size());
      std::copy(text.begin(), text.end(), created.text.get());
      const std::string_view copy(created.text.get(), text.size());
      created.value = constant.is(ValueKind::kString) ? Value::String(copy)
                                                      : Value::Bytes(copy);
      text_bytes_ += text.size();
    }
    term = TermId(terms_.Add(std::move(created)));
    term_of_value_.Insert(HashOf(path, constant), term.value());
  }
  ++(*this)[term].references;
  return term;
}

void TermTable::Release(TermId id) {
  Term& term = (*this)[id];
  if (--term.references > 0) return;
  if (HasText(term.value)) text_bytes_ -= term.value.text().size();
  term_of_value_.Erase(HashOf(term.path, term.value), id.value());
  terms_.Remove(id.value());
}

TermId TermTable::Find(PathId path, const Value& value) const {
  const Lookup lookup = LookupOf(value);
  if (lookup == Lookup::kNever || lookup == Lookup::kNone) return kNone;
  return Find(path, value, HashOf(path, value));
}

TermId TermTable::Find(PathId path, const Value& value,
                       std::uint64_t hash) const {
  const HashIndex::Number number =
      term_of_value_.Find(hash, [&](HashIndex::Number candidate) {
        const Term& term = terms_[candidate];
        return term.path == path && IsSameTerm(term.value, value);
      });
  return number == HashIndex::kNone ? kNone : TermId(number);
}

bool TermTable::BeginFind(IndexScratch::TermLookup& lookup,
                          const Value& value) const {
  const Lookup kind = LookupOf(value);
  if (kind == Lookup::kNever || kind == Lookup::kNone) return false;
  lookup.hash = HashOf(lookup.path, value);
  term_of_value_.Prefetch(lookup.hash);
  return true;
}

bool TermTable::ContinueFind(IndexScratch::TermLookup& lookup) const {
  lookup.number =
      term_of_value_.Find(lookup.hash, [](HashIndex::Number) { return true; });
  if (lookup.number == HashIndex::kNone) return false;
  const char* begin = reinterpret_cast<const char*>(&terms_[lookup.number]);
  __builtin_prefetch(begin);
  __builtin_prefetch(begin + sizeof(Term) - 1);
  return true;
}

TermId TermTable::EndFind(const IndexScratch::TermLookup& lookup,
                          const Value& value) const {
  return Find(lookup.path, value, lookup.hash);
}

// A list may repeat a member.
void TermTable::FindMembers(PathId path, const Value& container,
                            std::vector<TermId>& members) const {
  const auto begin = static_cast<std::ptrdiff_t>(members.size());
  auto add = [&](const Value& member) {
    const TermId term = Find(path, member);
    if (term != kNone) members.push_back(term);
  };
  if (container.is(ValueKind::kList)) {
    for (const Value& item : container.list().items()) add(item);
  } else if (container.is(ValueKind::kMap)) {
    for (const MapEntry& entry : container.map().entries()) add(entry.key);
  }
  std::sort(members.begin() + begin, members.end());
  members.erase(std::unique(members.begin() + begin, members.end()),
                members.end());
}

std::size_t TermTable::memory_bytes() const {
  return term_of_value_.memory_bytes() + terms_.memory_bytes() + text_bytes_;
}

}  // namespace streamer
