// The part of GatewayChecker that judges what a delivery says: whether it is
// for the subscription, and what is told of the document.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/checker/gateway_checker.h"

namespace streamer::sim {

using Place = Holding::Place;

bool GatewayChecker::IsFor(const Life& life, std::uint64_t offset) const {
  if (!life.request.membership) {
    const Truth::Event& event = truth_.At(offset);
    return Truth::Matches(*life.filter, event.entry, event.operation);
  }
  return holding_.After(*life.filter, offset) == Place::kIn ||
         holding_.Before(*life.filter, offset) == Place::kIn;
}

void GatewayChecker::CheckMatch(const Life& life, const Delivered& delivered,
                                const Spoken& spoken, const Merged& merged) {
  const std::string wrong = WhatIsWrong(life, delivered, spoken, merged);
  if (wrong.empty()) return;
  Complain("I2",
           absl::StrCat("event ", delivered.event_id, " at ", spoken.offset,
                        " was delivered to ", Name(life), " but ", wrong));
}

std::string GatewayChecker::WhatIsWrong(const Life& life,
                                        const Delivered& delivered,
                                        const Spoken& spoken,
                                        const Merged& merged) const {
  if (delivered.collection != life.request.collection) {
    return "is of another collection";
  }
  // What is merged matched as what it was itself, which is lost of what is
  // lost.
  if (spoken.offset == 0 && !merged.offsets.empty()) return "";
  const Operation operation = merged.offsets.empty()
                                  ? delivered.operation
                                  : truth_.At(spoken.offset).operation;
  const bool is_match = life.request.membership ||
                        Truth::Matches(*life.filter, *spoken.entry, operation);
  if (!is_match) return "does not match";
  if (spoken.offset == 0) return "";
  if (spoken.offset <= std::min(life.from, life.began_at) &&
      (gateway_.is_session || !spoken.may_be_lost)) {
    return "lies before its start";
  }
  const Truth::Event& truth = truth_.At(spoken.offset);
  if (truth.outcome == Truth::Outcome::kDropped) {
    return "is a repeat, or of a document known to be deleted";
  }
  if (!merged.is_sure || !truth.is_operation_sure || spoken.may_be_lost ||
      !spoken.repeats.empty()) {
    return "";
  }
  const bool is_delete = truth.operation == Operation::kDelete;
  const Operation expected = is_delete || merged.offsets.empty()
                                 ? truth.operation
                                 : truth_.At(merged.offsets.back()).operation;
  if (expected == delivered.operation) return "";
  return absl::StrCat("was \"", std::string(NameOf(expected)), "\", not \"",
                      std::string(NameOf(delivered.operation)), "\"");
}

void GatewayChecker::CheckMembership(Life& life, const Delivered& delivered,
                                     const Spoken& spoken,
                                     const Merged& merged) {
  std::string membership;
  for (std::size_t i = 0; i < delivered.memberships.size(); ++i) {
    if (delivered.subscription_ids[i] == life.request.id) {
      membership = delivered.memberships[i];
    }
  }
  const std::uint64_t first = FirstOf(life, spoken.offset, merged);
  std::string wrong;
  if (membership.empty() == life.request.membership) {
    wrong = absl::StrCat("is told \"", membership, "\"");
  } else if (membership.empty() || spoken.offset == 0 || !merged.is_sure ||
             truth_.At(spoken.offset).outcome != Truth::Outcome::kGoesOut) {
    return;
  } else {
    wrong = Holding::Judge(membership, holding_.Before(*life.filter, first),
                           holding_.After(*life.filter, spoken.offset));
  }
  const bool is_unknown = membership.starts_with("unknown_");
  if (wrong.empty() && is_unknown) {
    wrong = WhatIsWrongWithUnknown(life, delivered, first);
  } else if (wrong.empty() && delivered.is_catching_up &&
             !holding_.HasImage(first)) {
    wrong = absl::StrCat("is told \"", membership, "\" of the past");
  } else if (wrong.empty() && IsOfBeforeItsStart(life, first)) {
    wrong = absl::StrCat("is told \"", membership,
                         "\" beside an event of before its start");
  }
  if (!delivered.is_catching_up) {
    life.told.emplace(delivered.session, spoken.offset);
  }
  if (wrong.empty()) return;
  Complain("I2",
           absl::StrCat("event ", delivered.event_id, " at ", spoken.offset,
                        " was delivered to ", Name(life), " and ", wrong));
}

// What was remembered at `since` of a document is gone with a restart, and void
// after a loss.
bool GatewayChecker::IsForgotten(const std::string& tenant,
                                 MonotonicTime since) const {
  const auto is_later = [&](MonotonicTime at) {
    return at >= since && at <= now_;
  };
  const auto is_loss = [&](const Cause& cause) {
    return (cause.kind == Cause::Kind::kSourceGap ||
            cause.kind == Cause::Kind::kUnreadable) &&
           is_later(cause.at) && MayBeOf(cause, tenant);
  };
  return std::any_of(history_.starts.begin(), history_.starts.end(),
                     is_later) ||
         std::any_of(history_.causes.begin(), history_.causes.end(), is_loss);
}

// What is known of the document follows from an event that was none for it.
bool GatewayChecker::IsOfBeforeItsStart(const Life& life,
                                        std::uint64_t offset) const {
  if (holding_.IsToldByEvent(offset)) return false;
  const Truth::Event& event = truth_.At(offset);
  return event.is_before_sure && event.is_operation_sure &&
         event.before <= std::min(life.from, life.began_at);
}

// Where before-images come now and then, the streamer may remember nothing.
std::string GatewayChecker::WhatIsWrongWithUnknown(const Life& life,
                                                   const Delivered& delivered,
                                                   std::uint64_t offset) const {
  if (holding_.HasImage(offset)) return "is told so beside a before-image";
  if (delivered.is_catching_up) return "";
  if (holding_.IsToldByEvent(offset)) return "is told so of an insert";
  const Truth::Event& event = truth_.At(offset);
  const Place before = holding_.Before(*life.filter, offset);
  if (before == Place::kUntold || before == Place::kUnsure) return "";
  if (holding_.has_images() ||
      !life.told.contains({delivered.session, event.before})) {
    return "";
  }
  if (IsForgotten(life.request.tenant,
                  truth_.At(event.before).entry.logged_at.monotonic)) {
    return "";
  }
  if (truth_.HasUnnamed(life.request.tenant, event.before, offset)) return "";
  return absl::StrCat("is told that nobody knows, after the event at ",
                      event.before);
}

}  // namespace streamer::sim
