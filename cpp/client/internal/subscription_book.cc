#include "client/internal/subscription_book.h"

#include "event/position.h"
#include "filter/filter.h"
#include "filter/subscription_digest.h"

namespace streamer::client_internal {
namespace {

// 2^8 combinations cost less than asking for one subscription again.
constexpr std::size_t kMostUnanswered = 8;

using Digests = std::vector<std::optional<std::uint64_t>>;

Digests Unanswered(const AskedById& live, const RetiredById& retired) {
  Digests digests;
  for (const auto& [id, asked] : live) {
    if (!asked.is_live && asked.is_answer_lost) {
      digests.push_back(DigestOf(asked.request));
    }
  }
  for (const auto& [id, one] : retired) digests.push_back(one.digest);
  return digests;
}

bool IsSumOfSome(const std::vector<std::uint64_t>& terms, std::uint64_t count,
                 std::uint64_t sum) {
  for (std::uint32_t chosen = 0; chosen < 1u << terms.size(); ++chosen) {
    std::uint64_t chosen_count = 0;
    std::uint64_t chosen_sum = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      if ((chosen >> i & 1) == 0) continue;
      ++chosen_count;
      chosen_sum += terms[i];
    }
    if (chosen_count == count && chosen_sum == sum) return true;
  }
  return false;
}

}  // namespace

const std::string& LaterOf(const std::string& one, const std::string& other) {
  const Result<Position> first = ParseProgress(one);
  const Result<Position> second = ParseProgress(other);
  if (!first.ok()) return other;
  return !second.ok() || *second < *first ? one : other;
}

const std::string& EarlierOf(const std::string& one, const std::string& other) {
  const Result<Position> first = ParseProgress(one);
  const Result<Position> second = ParseProgress(other);
  if (!first.ok()) return other;
  return !second.ok() || *first < *second ? one : other;
}

std::optional<std::uint64_t> DigestOf(const SubscriptionRequest& request) {
  const auto filter = Filter::Compile(
      {.conditions = request.conditions, .expression = request.expression});
  if (!filter.ok()) return std::nullopt;
  return SubscriptionDigest(request.id, request.tenant, request.collection,
                            (*filter)->canonical_key());
}

bool MayHold(const AskedById& live, const RetiredById& retired,
             std::uint64_t count, std::uint64_t digest) {
  for (const auto& [id, asked] : live) {
    if (!asked.is_live || !asked.gap_reason.empty()) continue;
    if (!asked.digest.has_value()) return false;
    count -= 1;
    digest -= *asked.digest;
  }
  const Digests unanswered = Unanswered(live, retired);
  if (unanswered.size() > kMostUnanswered) return false;
  std::vector<std::uint64_t> known;
  for (const auto& one : unanswered) {
    if (one.has_value()) known.push_back(*one);
  }
  return IsSumOfSome(known, count, digest);
}

}  // namespace streamer::client_internal
