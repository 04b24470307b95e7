#include "sim/checker/truth.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/arena.h"
#include "filter/explain.h"
#include "match/match_input.h"
#include "sim/change_generator.h"

namespace streamer::sim {
namespace {

// The digits after `"n":`.
std::string NumberIn(std::string_view document) {
  constexpr std::string_view kKey = "\"n\":";
  const std::size_t at = document.find(kKey);
  if (at == std::string_view::npos) return "";
  const std::size_t begin = at + kKey.size();
  const std::size_t end = document.find_first_not_of("0123456789", begin);
  return std::string(document.substr(begin, end - begin));
}

std::string Identity(std::string_view event_id, std::string_view tenant,
                     std::string_view collection, std::string_view document_id,
                     std::string_view document) {
  return absl::StrCat(std::string(event_id), "|", std::string(tenant), "|",
                      std::string(collection), "|", std::string(document_id),
                      "|", NumberIn(document));
}

// What `holds` says of the event, had it done `operation`; not of one that
// cannot be read.
template <typename Predicate>
bool IsTrueOf(const LogEntry& entry, Operation operation,
              const Predicate& holds) {
  ChangeEvent event;
  event.position = entry.position;
  event.operation = operation;
  event.source = entry.event;
  const auto body = EventBody::Parse(event);
  return body.ok() && holds(MakeMatchInput(event, **body).values);
}

}  // namespace

Truth::Truth(const History& history) : first_at_start_(history.first_at_start) {
  for (const LogEntry& entry : history.log) Take(entry);
}

bool Truth::MayForget(std::uint64_t earlier, std::uint64_t later) const {
  return std::any_of(
      first_at_start_.begin(), first_at_start_.end(),
      [&](std::uint64_t first) { return earlier < first && first <= later; });
}

void Truth::Take(const LogEntry& entry) {
  if (entry.event->loss != nullptr) return TakeLoss(entry);
  Event event{entry};
  const SourceEvent& source = *entry.event;
  const std::uint64_t offset = entry.position.offset;
  const std::string identity = IdentityOf(source);
  by_identity_[identity].push_back(offset);
  const std::string whole =
      absl::StrCat(source.backend, "|", identity, "|", source.document, "|",
                   source.before, "|", std::string(NameOf(source.operation)));
  const auto [seen, is_new] = seen_.emplace(whole, offset);
  Known& known = documents_[absl::StrCat(source.tenant, "|", source.collection,
                                         "|", source.document_id)];
  event.naming = NamingOf(entry);
  if (!is_new) {
    TakeRepeat(event, seen->second, known);
    events_.push_back(std::move(event));
    return;
  }
  if (event.naming == Naming::kUnknown) {
    event.operation = Operation::kDelete;
    event.outcome = Outcome::kDropped;
    events_.push_back(std::move(event));
    return;
  }
  if (source.operation == SourceOperation::kDelete) {
    TakeDelete(event, known);
  } else {
    TakeChange(event, known);
    if (!source.stored_key.empty()) named_[KeyOf(source)] = {offset, true};
  }
  FollowOn(event, known);
  known.since = offset;
  known.is_sure = event.naming == Naming::kKnown;
  events_.push_back(std::move(event));
}

// Documents that were deleted may have come back meanwhile.
void Truth::TakeLoss(const LogEntry& entry) {
  Event event{entry};
  event.outcome = Outcome::kDropped;
  events_.push_back(std::move(event));
  const std::string& tenant = entry.event->tenant;
  const std::string prefix = absl::StrCat(tenant, "|");
  for (auto& [name, known] : documents_) {
    const bool is_meant = tenant.empty() || name.starts_with(prefix);
    if (is_meant && known.life == Life::kDeleted) known.life = Life::kUnknown;
  }
}

// What may pass for new may change what is known of the document.
void Truth::TakeRepeat(Event& event, std::uint64_t first, Known& known) {
  const bool may_pass = MayForget(first, event.entry.position.offset);
  event.outcome = may_pass ? Outcome::kEither : Outcome::kDropped;
  event.is_operation_sure = false;
  if (!may_pass) {
    event.naming = Naming::kKnown;
    return;
  }
  known.is_sure = false;
  known.is_last_sure = false;
  const SourceEvent& source = *event.entry.event;
  if (event.naming != Naming::kKnown) event.naming = Naming::kEither;
  if (source.operation == SourceOperation::kDelete) return;
  if (source.stored_key.empty()) return;
  named_.try_emplace(KeyOf(source), Named{event.entry.position.offset, false});
}

std::string Truth::KeyOf(const SourceEvent& event) {
  return absl::StrCat(event.backend, "|", event.tenant, "|", event.stored_key);
}

Truth::Naming Truth::NamingOf(const LogEntry& entry) const {
  if (!ChangeGenerator::IsBareDelete(*entry.event)) return Naming::kKnown;
  const auto named = named_.find(KeyOf(*entry.event));
  if (named == named_.end()) return Naming::kUnknown;
  const bool is_sure = named->second.is_sure &&
                       !MayForget(named->second.at, entry.position.offset);
  return is_sure ? Naming::kKnown : Naming::kEither;
}

bool Truth::HasUnnamed(const std::string& tenant, std::uint64_t from,
                       std::uint64_t to) const {
  for (std::uint64_t offset = from + 1; offset <= std::min(to, head());
       ++offset) {
    const Event& event = At(offset);
    if (event.naming != Naming::kKnown &&
        (tenant.empty() || event.entry.event->tenant == tenant)) {
      return true;
    }
  }
  return false;
}

void Truth::FollowOn(Event& event, Known& known) {
  event.before = known.last;
  event.is_before_sure = known.is_last_sure;
  if (event.outcome == Outcome::kDropped) return;
  known.last = event.entry.position.offset;
  known.is_last_sure = event.outcome == Outcome::kGoesOut;
}

void Truth::TakeDelete(Event& event, Known& known) {
  event.operation = Operation::kDelete;
  const std::uint64_t offset = event.entry.position.offset;
  if (event.entry.event->was_deleted) {
    event.outcome = Outcome::kDropped;
  } else if (!known.is_sure || event.naming == Naming::kEither) {
    event.outcome = Outcome::kEither;
  } else if (known.life == Life::kDeleted) {
    event.outcome =
        MayForget(known.since, offset) ? Outcome::kEither : Outcome::kDropped;
  }
  known.life = Life::kDeleted;
}

void Truth::TakeChange(Event& event, Known& known) {
  const SourceEvent& source = *event.entry.event;
  const bool was_known_deleted = known.life == Life::kDeleted;
  const bool is_first = source.operation == SourceOperation::kReplace &&
                        source.version == std::int64_t{1};
  if (source.operation == SourceOperation::kInsert) {
    event.operation = Operation::kInsert;
  } else if (source.is_deleted) {
    event.operation = Operation::kDelete;
  } else if (source.was_deleted || is_first) {
    event.operation = Operation::kInsert;
  } else {
    event.operation =
        was_known_deleted ? Operation::kInsert : Operation::kUpdate;
    event.is_operation_sure =
        known.is_sure && (!was_known_deleted ||
                          !MayForget(known.since, event.entry.position.offset));
  }
  known.life = source.is_deleted ? Life::kDeleted : Life::kLive;
}

const std::vector<std::uint64_t>& Truth::Find(
    const std::string& identity) const {
  static const std::vector<std::uint64_t> none;
  const auto found = by_identity_.find(identity);
  return found == by_identity_.end() ? none : found->second;
}

bool Truth::Matches(const Filter& filter, const LogEntry& entry,
                    Operation operation) {
  return IsTrueOf(entry, operation, [&](const FilterInput& input) {
    Arena arena;
    const Value value = filter.Evaluate(input, arena);
    return value.is(ValueKind::kBool) && value.bool_value();
  });
}

bool Truth::IsExplainedAsMatch(const Filter& filter, const LogEntry& entry,
                               Operation operation) {
  return IsTrueOf(entry, operation, [&](const FilterInput& input) {
    return Explain(filter, input).is_match;
  });
}

std::string Truth::IdentityOf(const SourceEvent& event) {
  return Identity(event.event_id, event.tenant, event.collection,
                  event.document_id, event.document);
}

std::string Truth::IdentityOf(const Delivered& delivered) {
  return Identity(delivered.event_id, delivered.tenant, delivered.collection,
                  delivered.document_id, delivered.document);
}

}  // namespace streamer::sim
