#include "sim/gateway_user.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/change_generator.h"

namespace streamer::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

GatewayUser::GatewayUser(std::string gateway_id, bool is_session,
                         Schedule& schedule, support::Random& random,
                         Surroundings surroundings)
    : random_(random),
      schedule_(schedule),
      surroundings_(std::move(surroundings)) {
  history_.gateway_id = std::move(gateway_id);
  history_.is_session = is_session;
  history_.allows_merging = is_session && random_.Chance(1, 2);
}

void GatewayUser::Start() {
  is_mute_ =
      history_.is_session && surroundings_.may_be_mute && random_.Chance(1, 6);
  const std::size_t count = 1 + random_.Below(4);
  for (std::size_t i = 0; i < count; ++i) {
    SubscriptionRequest request = RandomRequest();
    wanted_.emplace(request.id, std::move(request));
  }
  Begin("");
}

void GatewayUser::Begin(const std::string& resume) {
  dies_amid_past_ = false;
  process_ = std::make_shared<GatewayProcess>(
      GatewayProcess::Options{.gateway_id = history_.gateway_id,
                              .is_session = history_.is_session,
                              .allows_merging = history_.allows_merging,
                              .resume = resume,
                              .number = ++processes_,
                              .is_mute = is_mute_,
                              .queue = {.deliveries = 4 + random_.Below(60)}},
      schedule_, random_, history_, OwnSurroundings());
  process_->Start();
  if (is_healed_) process_->ReadAtOnce();
  for (const auto& [id, request] : wanted_) process_->Subscribe(request);
}

GatewayProcess::Surroundings GatewayUser::OwnSurroundings() {
  GatewayProcess::Surroundings own = surroundings_.process;
  own.connect = [this](LinkUser* user, const std::string& credential) {
    return schedule_.now() < reachable_again_at_
               ? surroundings_.refuse(user)
               : surroundings_.process.connect(user, credential);
  };
  own.loss_told = [this] { DieOfLoss(); };
  return own;
}

void GatewayUser::Step() {
  if (zombie_ != nullptr && zombie_->is_closed()) EndZombie();
  if (zombie_ != nullptr) zombie_->ReadSome(8);
  if (process_->is_closed()) {
    // A newer stream had the session: it was the one left running.
    gone_.push_back(process_);
    KeepState();
    process_->Kill();
    surroundings_.lost_place();
    EndZombie();
    return Begin(kept_state_);
  }
  if (schedule_.now() >= reads_again_at_) {
    process_->ReadSome(1 + random_.Below(16));
    if (random_.Chance(1, 3)) KeepState();
  }
  if (is_healed_) return;
  if (dies_amid_past_) DieAmidPast();
  // To one that the network keeps away little happens meanwhile.
  const std::size_t rarity = schedule_.now() < reachable_again_at_ ? 60 : 12;
  if (random_.Chance(1, rarity)) ChangeSubscriptions();
  if (random_.Chance(1, 25 * rarity)) DieWhereItIs();
}

void GatewayUser::ChangeSubscriptions() {
  if (!wanted_.empty() && random_.Chance(2, 5)) {
    auto ended = wanted_.begin();
    std::advance(ended, random_.Below(wanted_.size()));
    process_->Unsubscribe(ended->first);
    if (random_.Chance(1, 3)) {
      // The same id again, for something else.
      SubscriptionRequest request = RandomRequest();
      request.id = ended->first;
      ended->second = request;
      return process_->Subscribe(std::move(request));
    }
    wanted_.erase(ended);
    return;
  }
  if (wanted_.size() >= 6) return;
  SubscriptionRequest request = RandomRequest();
  if (random_.Chance(1, 3)) request.resume_after = surroundings_.old_place();
  SubscriptionRequest& wanted =
      wanted_.emplace(request.id, request).first->second;
  if (!history_.is_session) wanted.resume_after.clear();
  process_->Subscribe(std::move(request));
}

void GatewayUser::DoFault() {
  switch (random_.Below(6)) {
    case 0:
      // It does not read for a while, or for long.
      reads_again_at_ = schedule_.now() + seconds(random_.Below(40));
      return;
    case 1:
      // Killed; what its user kept may be old.
      process_->Kill();
      gone_.push_back(process_);
      surroundings_.lost_place();
      return Begin(random_.Chance(1, 6) ? std::string() : kept_state_);
    case 2:
      // Killed right after its user noted how far it was.
      return DieWhereItIs();
    case 3:
      // It lives on, perhaps for longer than its session does.
      dies_of_loss_ = random_.Chance(1, 2);
      return CutOff(seconds(75));
    case 4:
      return StandIn();
    default:
      // Another begins while this one runs on.
      if (!BeginZombie()) return;
      process_->Kill();
      gone_.push_back(process_);
      return Begin(kept_state_);
  }
}

void GatewayUser::StandIn() {
  if (!BeginZombie()) return;
  reads_again_at_ = schedule_.now() + seconds(random_.Below(8));
  CutOff(seconds(4));
}

void GatewayUser::DieWhereItIs() {
  if (!history_.is_session || random_.Chance(1, 2)) return EndProcess();
  SubscriptionRequest request = RandomRequest();
  request.resume_after = surroundings_.old_place();
  wanted_.emplace(request.id, request);
  process_->Subscribe(std::move(request));
  dies_amid_past_ = true;
}

// Once all that came is processed, and more is to come.
void GatewayUser::DieAmidPast() {
  process_->ReadSome(64);
  process_->ReadSome(64);
  if (process_->has_unread() || !process_->has_behind()) return;
  EndProcess();
  if (random_.Chance(1, 2)) CutOff(seconds(40));
}

void GatewayUser::EndProcess() {
  if (random_.Chance(1, 2)) process_->Close();
  KeepState();
  process_->Kill();
  gone_.push_back(process_);
  Begin(kept_state_);
}

void GatewayUser::DieOfLoss() {
  if (!std::exchange(dies_of_loss_, false)) return;
  // Perhaps before its subscriptions are answered.
  const auto soon = milliseconds(random_.Below(random_.Chance(1, 2) ? 5 : 50));
  schedule_.After(soon, [this, told = process_] {
    if (told != process_ || is_healed_) return;
    EndProcess();
  });
}

void GatewayUser::CutOff(Duration atmost) {
  reachable_again_at_ =
      schedule_.now() + Duration(static_cast<std::int64_t>(random_.Below(
                            static_cast<std::size_t>(atmost.count()))));
  if (process_->link() != nullptr) process_->link()->Break();
}

bool GatewayUser::BeginZombie() {
  if (!history_.is_session || zombie_ != nullptr) return false;
  KeepState();
  zombie_ = std::make_shared<GatewayProcess>(
      GatewayProcess::Options{.gateway_id = history_.gateway_id,
                              .is_session = true,
                              .allows_merging = history_.allows_merging,
                              .resume = kept_state_,
                              .number = -1},
      schedule_, random_, zombie_history_, surroundings_.process);
  zombie_->Start();
  surroundings_.lost_place();
  return true;
}

// A state of before the answer says nothing of where a subscription began: with
// that, the same is to be asked for again.
void GatewayUser::KeepState() {
  kept_state_ = process_->session_state();
  for (auto& [id, request] : wanted_) {
    if (process_->has_answer(id)) request.resume_after.clear();
  }
}

void GatewayUser::EndZombie() {
  if (zombie_ == nullptr) return;
  zombie_->Kill();
  gone_.push_back(std::exchange(zombie_, nullptr));
}

void GatewayUser::Heal() {
  is_healed_ = true;
  reads_again_at_ = schedule_.now();
  reachable_again_at_ = schedule_.now();
  EndZombie();
  if (!std::exchange(is_mute_, false)) return process_->ReadAtOnce();
  KeepState();
  process_->Kill();
  gone_.push_back(process_);
  surroundings_.lost_place();
  Begin(kept_state_);
}

SubscriptionRequest GatewayUser::RandomRequest() {
  SubscriptionRequest request;
  request.id = absl::StrCat("s", next_id_++);
  request.tenant = random_.Pick(ChangeGenerator::Tenants());
  request.collection = random_.Pick(ChangeGenerator::Collections());
  if (history_.is_session && random_.Chance(1, 8)) {
    // Some are too short, and refused.
    request.ttl = seconds(55 + random_.Below(8));
  }
  request.membership = history_.is_session && random_.Chance(1, 3);
  const std::uint64_t number = random_.Below(10);
  // What is for the same subscriptions each time can be merged.
  const bool is_steady = history_.allows_merging && random_.Chance(4, 5);
  switch (is_steady ? random_.Below(2) * 3 : random_.Below(9)) {
    case 0:
      break;  // every event of the collection
    case 1:
      request.expression = absl::StrCat("doc.k >= ", number);
      break;
    case 2:
      request.expression = R"(doc.tag == "red" || op == "delete")";
      break;
    case 3:
      request.expression = absl::StrCat(
          "doc.id == \"", ChangeGenerator::DocumentId(number % 6), "\"");
      break;
    case 4:
      request.expression = R"(op == "insert")";
      break;
    case 5:
      request.expression = absl::StrCat("doc.n % 3 == ", number % 3);
      break;
    case 6:
      request.expression = R"(op != "delete" && doc.version > 1)";
      break;
    case 7:
      request.conditions.push_back(
          {"k", Operator::kLess,
           OwnedValue(Value::Int(static_cast<std::int64_t>(number)))});
      break;
    default:
      request.expression = R"(doc.tag in ["green", "blue"])";
  }
  return request;
}

}  // namespace streamer::sim
