// What a ClientSession keeps of each subscription, and the comparison of all
// of them with what the service says that it holds.
//
// Thread-safety: none; guarded by the session's owner.
#ifndef STREAMER_CLIENT_INTERNAL_SUBSCRIPTION_BOOK_H_
#define STREAMER_CLIENT_INTERNAL_SUBSCRIPTION_BOOK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "client/client_action.h"
#include "client/subscription.h"

namespace streamer::client_internal {

// A subscription that is live or asked for.
struct Asked {
  SubscriptionRequest request;
  bool is_live = false;
  bool is_answer_awaited = false;  // on this stream
  // Who waits for the answer, if anybody does.
  std::optional<SubscribeTicket> ticket;
  // Not empty: live, and not yet answered since continuity broke.
  std::string gap_reason;

  // The rest is of sessions.
  bool was_asked = false;  // on any stream of the session
  // A stream broke before its answer came: the service may hold it.
  bool is_answer_lost = false;
  // The gap is none if the service turns out to hold it as it was.
  bool is_gap_uncertain = false;
  // Held while the gap is a loss, for whoever asks whether there is any.
  std::shared_ptr<void> loss_hold;
  std::string gap_from;  // progress at which the gap begins
  std::string gap_to;    // and ends, unless the answer names a later one
  // Asked for a second time, like this, and not answered yet.
  std::unique_ptr<SubscriptionRequest> second_request;
  std::string progress;       // as answered
  SubscriptionHandle handle;  // void in another session epoch
  std::optional<std::uint64_t> digest;
};
// Ordered, so that asking again has one order whatever the hash.
using AskedById = std::map<std::string, Asked, std::less<>>;

// A subscription that was ended here, and perhaps not yet there.
struct Retired {
  int unanswered = 0;  // on this stream
  std::optional<std::uint64_t> digest;
  std::vector<UnsubscribeTicket> tickets;
};
using RetiredById = std::map<std::string, Retired, std::less<>>;

// The later of two progresses; the other one when one cannot be read.
const std::string& LaterOf(const std::string& one, const std::string& other);
// The earlier one, likewise.
const std::string& EarlierOf(const std::string& one, const std::string& other);

// The subscription's part of Welcome.subscription_digest. Nothing when its
// filter cannot be compiled here. Costs a compilation.
std::optional<std::uint64_t> DigestOf(const SubscriptionRequest& request);

// Whether the service may hold exactly the subscriptions in `live` that it
// answered, each of the requests without an answer done or not. A few such
// requests are tried in every combination; of many, "no" is the answer.
bool MayHold(const AskedById& live, const RetiredById& retired,
             std::uint64_t count, std::uint64_t digest);

}  // namespace streamer::client_internal

#endif  // STREAMER_CLIENT_INTERNAL_SUBSCRIPTION_BOOK_H_
