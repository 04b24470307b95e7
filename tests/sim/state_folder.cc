#include "sim/state_folder.h"

#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace streamer::sim {
namespace {

constexpr char kPath[] = "/state";
constexpr char kNote[] = "/state.REVISION";
constexpr char kWitness[] = "/log.STATE";
// How many commits can be lost at once.
constexpr std::size_t kUndos = 3;

std::string Describe(const std::string& record) {
  return absl::StrCat("record \"", absl::CHexEscape(record), "\"");
}

Status In(const std::string& record, const Status& status) {
  return DataLoss(absl::StrCat("state ", kPath, ", ", Describe(record), ": ",
                               std::string(MessageOf(status))));
}

std::string Read(rocksdb::Env& disk, const std::string& file) {
  std::string bytes;
  rocksdb::ReadFileToString(&disk, file, &bytes).PermitUncheckedError();
  return bytes;
}

void Replace(rocksdb::Env& disk, const std::string& file,
             const std::string& bytes) {
  rocksdb::WriteStringToFile(&disk, bytes, file).PermitUncheckedError();
}

}  // namespace

StateFolder::StateFolder()
    : disk_(rocksdb::NewMemEnv(rocksdb::Env::Default())) {
  Renew(1);
}

Result<internal::StateHead> StateFolder::Open() {
  Result<internal::StateHead> head =
      internal::DecodeStateHead(Get(internal::kStateHeadKey));
  if (!head.ok()) return In(internal::kStateHeadKey, head.status());
  STREAMER_ASSIGN_OR_RETURN(note_, internal::RevisionFile::OpenBeside(
                                       *disk_, kNote, kPath, head->revision));
  STREAMER_ASSIGN_OR_RETURN(
      witness_, internal::RevisionFile::OpenBeside(*disk_, kWitness, kPath,
                                                   head->revision));
  return head;
}

Result<StateSnapshot> StateFolder::Load() const {
  StateSnapshot state{.revision = Revision()};
  for (const auto& [name, bytes] : records_) {
    if (name == internal::kStateHeadKey) continue;
    const Status added = internal::AddRecord(name, bytes, state);
    if (!added.ok()) return In(name, added);
  }
  return state;
}

void StateFolder::Write(const internal::StateHead& head,
                        const std::vector<StateChange>& changes) {
  if (head.revision > Revision()) undos_.emplace_back();
  if (undos_.size() > kUndos) undos_.pop_front();
  for (const StateChange& change : changes) {
    const std::string name = internal::EncodeStateKey(change.key);
    Put(name, change.value ? std::optional(internal::EncodeStateValue(
                                 name, *change.value))
                           : std::nullopt);
  }
  Put(internal::kStateHeadKey, internal::Encode(head));
  if (head.revision <= note_->revision()) return;
  note_->Note(head.revision);
  witness_->Note(head.revision);
}

void StateFolder::Put(const std::string& name,
                      const std::optional<std::string>& bytes) {
  const auto found = records_.find(name);
  if (!undos_.empty()) {
    undos_.back().try_emplace(name, found == records_.end()
                                        ? std::nullopt
                                        : std::optional(found->second));
  }
  if (bytes) {
    records_[name] = *bytes;
  } else {
    records_.erase(name);
  }
}

std::string StateFolder::Harm(StateHarm harm, support::Random& random) {
  unharmed_ = Keep();
  switch (harm) {
    case StateHarm::kFlippedBit:
      return FlipBit(random);
    case StateHarm::kCutValue:
      return CutValue(random);
    case StateHarm::kLostRecord:
      return LoseRecord(random);
    case StateHarm::kLostNote:
      return LoseNote(random);
    case StateHarm::kLostCommits:
      return LoseCommits(random);
    case StateHarm::kOlderCopy:
      return Swap();
  }
  return "";
}

void StateFolder::PutBack() {
  records_ = unharmed_.records;
  Replace(*disk_, kNote, unharmed_.note);
}

void StateFolder::Renew(std::uint64_t first_owner) {
  internal::RevisionFile::Create(*disk_, kNote).IgnoreError();
  internal::RevisionFile::Create(*disk_, kWitness).IgnoreError();
  records_.clear();
  records_[internal::kStateHeadKey] =
      internal::Encode(internal::NewStateHead(first_owner));
  undos_.clear();
  Copy();
}

// What begins a name is its place among all, and no part of the record.
std::string StateFolder::FlipBit(support::Random& random) {
  const auto record = Any(random);
  const std::string was = record->first;
  std::string name = was;
  std::string bytes = record->second;
  const std::size_t at = 1 + random.Below(name.size() - 1 + bytes.size());
  char& byte = at < name.size() ? name[at] : bytes[at - name.size()];
  byte = static_cast<char>(byte ^ 1 << random.Below(8));
  records_.erase(record);
  records_[name] = bytes;
  return absl::StrCat("a bit of ", Describe(was), " is flipped, the byte at ",
                      at);
}

std::string StateFolder::CutValue(support::Random& random) {
  const auto record = Any(random);
  record->second.resize(random.Below(record->second.size()));
  return absl::StrCat(Describe(record->first), " is cut to ",
                      record->second.size(), " bytes");
}

// Which log all is of, or the head.
std::string StateFolder::LoseRecord(support::Random& random) {
  const std::string log = internal::EncodeStateKey({StateKind::kLog, ""});
  const bool is_log = random.Chance(1, 2);
  const std::size_t count =
      records_.erase(is_log ? log : internal::kStateHeadKey);
  if (count == 0) return "";
  return is_log ? "the record of the log is lost" : "the head is lost";
}

std::string StateFolder::LoseNote(support::Random& random) {
  if (random.Chance(1, 2)) {
    disk_->DeleteFile(kNote).PermitUncheckedError();
    return "the note of the revision is lost";
  }
  Replace(*disk_, kNote, unharmed_.note.substr(0, random.Below(16)));
  return "the note of the revision is cut";
}

std::string StateFolder::LoseCommits(support::Random& random) {
  if (undos_.empty()) return "";
  const std::size_t count = 1 + random.Below(undos_.size());
  for (std::size_t i = 0; i < count; ++i) {
    for (const auto& [name, bytes] : undos_[undos_.size() - 1 - i]) {
      if (bytes) {
        records_[name] = *bytes;
      } else {
        records_.erase(name);
      }
    }
  }
  return absl::StrCat("the newest ", count, " commits are lost");
}

std::string StateFolder::Swap() {
  const std::uint64_t revision = Revision();
  records_ = copy_.records;
  Replace(*disk_, kNote, copy_.note);
  if (Revision() == revision) {
    PutBack();
    return "";
  }
  return absl::StrCat("revision ", Revision(), " lies in the place of ",
                      revision);
}

StateFolder::Records::iterator StateFolder::Any(support::Random& random) {
  return std::next(records_.begin(),
                   static_cast<std::ptrdiff_t>(random.Below(records_.size())));
}

std::string StateFolder::Get(const std::string& name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? "" : found->second;
}

std::uint64_t StateFolder::Revision() const {
  const auto head = internal::DecodeStateHead(Get(internal::kStateHeadKey));
  return head.ok() ? head->revision : 0;
}

StateFolder::Files StateFolder::Keep() const {
  return {records_, Read(*disk_, kNote)};
}

}  // namespace streamer::sim
