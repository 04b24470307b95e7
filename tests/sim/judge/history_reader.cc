#include "sim/judge/history_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/session_receiver.h"
#include "sim/judge/record_fields.h"
#include "sim/judge/sequence_follower.h"
#include "value/containers.h"
#include "value/json.h"

namespace streamer::sim {
namespace {

template <typename Meaning>
using Word = std::pair<std::string_view, Meaning>;

constexpr std::array<Word<Operation>, 3> kOperations = {{
    {"insert", Operation::kInsert},
    {"update", Operation::kUpdate},
    {"delete", Operation::kDelete},
}};

constexpr std::array<Word<ReceivedGap::End>, 5> kEnds = {{
    {"", ReceivedGap::End::kNone},
    {"refused", ReceivedGap::End::kRefused},
    {"expired", ReceivedGap::End::kExpired},
    {"suspended", ReceivedGap::End::kSuspended},
    {"revoked", ReceivedGap::End::kRevoked},
}};

using Continuity = SessionWelcome::Continuity;
constexpr std::array<Word<Continuity>, 4> kContinuities = {{
    {"new", Continuity::kNew},
    {"nothing_missed", Continuity::kNothingMissed},
    {"complete", Continuity::kComplete},
    {"lost", Continuity::kLost},
}};

template <typename Words>
auto ReadWord(RecordFields& fields, std::string_view field,
              const Words& words) {
  const std::string text = fields.Text(field);
  std::string expected;
  for (const auto& [word, meaning] : words) {
    if (word == text) return meaning;
    absl::StrAppend(&expected, expected.empty() ? "one of \"" : ", \"",
                    std::string(word), "\"");
  }
  fields.Refuse(field, expected, absl::StrCat("\"", text, "\""));
  return words[0].second;
}

class HistoryReader {
 public:
  explicit HistoryReader(std::uint64_t head) : head_(head) {}

  Status Take(const Value& line);

  GatewayHistory Finish() {
    DisownUnprocessed();
    return std::move(history_);
  }

 private:
  using Reading = void (HistoryReader::*)(RecordFields&);
  struct Kind {
    std::string_view name;
    Reading read;
  };
  static const std::array<Kind, 8> kKinds;

  void TakeGateway(RecordFields& fields);
  void TakeStarted(RecordFields& fields);
  void TakeWelcomed(RecordFields& fields);
  void TakeAsked(RecordFields& fields);
  void TakeAnswered(RecordFields& fields);
  void TakeDelivered(RecordFields& fields);
  void TakeNoticed(RecordFields& fields);
  void TakeEnded(RecordFields& fields);
  Status TakeKept(const Value& state);
  // The process is gone that had yet to process them.
  void DisownUnprocessed();

  template <typename Record>
  void Note(Record record) {
    history_.records.push_back({at_, std::move(record)});
  }

  const std::uint64_t head_;
  GatewayHistory history_;
  bool has_begun_ = false;
  MonotonicTime at_;
  int processes_ = 0;
  std::uint64_t session_ = 0;  // that the process has, or goes on from
  std::string kept_;
  std::size_t kept_upto_ = 0;  // of the records
  SequenceFollower sequences_;
};

const std::array<HistoryReader::Kind, 8> HistoryReader::kKinds = {{
    {"gateway", &HistoryReader::TakeGateway},
    {"started", &HistoryReader::TakeStarted},
    {"welcomed", &HistoryReader::TakeWelcomed},
    {"asked", &HistoryReader::TakeAsked},
    {"answered", &HistoryReader::TakeAnswered},
    {"delivered", &HistoryReader::TakeDelivered},
    {"noticed", &HistoryReader::TakeNoticed},
    {"ended", &HistoryReader::TakeEnded},
}};

Status HistoryReader::Take(const Value& line) {
  if (!line.is(ValueKind::kMap) || line.map().size() != 2 ||
      line.map().Find("at") == nullptr) {
    return InvalidArgument(absl::StrCat(
        R"(expected {"at": …, and one record}, got )", FormatJson(line)));
  }
  for (const MapEntry& entry : line.map().entries()) {
    const std::string name(entry.key.text());
    if (name == "at") continue;
    const Value* const at = line.map().Find("at");
    if (!at->is(ValueKind::kInt) || at->int_value() < 0) {
      return InvalidArgument(
          absl::StrCat("at: expected nanoseconds, got ", FormatJson(*at)));
    }
    at_ = MonotonicTime(Duration(at->int_value()));
    if (has_begun_ == (name == "gateway")) {
      return InvalidArgument(absl::StrCat(
          "expected \"gateway\" in the first line and no other, got \"", name,
          "\""));
    }
    has_begun_ = true;
    if (name != "gateway" && name != "started" && processes_ == 0) {
      return InvalidArgument(
          absl::StrCat("expected \"started\" first, got \"", name, "\""));
    }
    if (name == "kept") return TakeKept(entry.value);
    const auto kind =
        std::find_if(kKinds.begin(), kKinds.end(),
                     [&](const Kind& one) { return one.name == name; });
    if (kind == kKinds.end()) {
      return InvalidArgument(
          absl::StrCat("expected a record, got \"", name, "\""));
    }
    RecordFields fields(name, entry.value);
    (this->*kind->read)(fields);
    return fields.Finish();
  }
  return InvalidArgument("expected a record beside \"at\"");
}

void HistoryReader::TakeGateway(RecordFields& fields) {
  history_.gateway_id = fields.Text("id");
  history_.is_session = fields.Flag("session");
  history_.allows_merging = fields.Flag("merging");
}

// It goes on exactly where the one before was if it has what that kept last.
void HistoryReader::TakeStarted(RecordFields& fields) {
  DisownUnprocessed();
  const std::string resume = fields.Text("resume");
  std::optional<SessionPlace> place;
  if (!resume.empty()) {
    const Result<SessionPlace> parsed = ParseSessionPlace(resume);
    if (!parsed.ok()) {
      return fields.Refuse("resume", "the state of a session",
                           absl::StrCat("\"", resume, "\""));
    }
    place = *parsed;
  }
  session_ = place ? place->session : 0;
  sequences_.Start(place);
  Note(ProcessStarted{.process = ++processes_,
                      .is_resumed = place.has_value(),
                      .is_exact = place.has_value() && resume == kept_});
}

void HistoryReader::TakeWelcomed(RecordFields& fields) {
  SessionWelcome welcome;
  welcome.session = fields.Number("session");
  welcome.continuity = ReadWord(fields, "continuity", kContinuities);
  welcome.next_seq = fields.Number("next_sequence");
  welcome.from_progress = fields.Text("from");
  welcome.to_progress = fields.Text("to");
  sequences_.Welcome(welcome);
  Note(Welcomed{.asked_session = std::exchange(session_, welcome.session),
                .session = welcome.session,
                .continuity = welcome.continuity,
                .from_progress = welcome.from_progress,
                .to_progress = welcome.to_progress});
}

void HistoryReader::TakeAsked(RecordFields& fields) {
  Note(Asked{.subscription_id = fields.Text("id"),
             .resume_after = fields.Text("resume_after")});
}

void HistoryReader::TakeAnswered(RecordFields& fields) {
  Answered answered;
  answered.request.id = fields.Text("id");
  answered.request.tenant = fields.Text("tenant");
  answered.request.collection = fields.Text("collection");
  answered.request.conditions = fields.Conditions("conditions");
  answered.request.expression = fields.Text("expression");
  answered.request.membership = fields.Flag("membership");
  answered.from_progress = fields.Text("from");
  Note(std::move(answered));
}

void HistoryReader::TakeDelivered(RecordFields& fields) {
  Delivered delivered;
  delivered.process = processes_;
  delivered.stream = fields.Number("stream");
  delivered.session = fields.Number("session");
  delivered.sequence = fields.Number("sequence");
  delivered.progress = fields.Text("progress");
  delivered.subscription_ids = fields.Texts("ids");
  delivered.memberships = fields.Texts("memberships");
  delivered.event_id = fields.Text("event");
  delivered.tenant = fields.Text("tenant");
  delivered.collection = fields.Text("collection");
  delivered.document_id = fields.Text("document_id");
  delivered.operation = ReadWord(fields, "operation", kOperations);
  delivered.document = fields.Text("document");
  delivered.is_redelivered = fields.Flag("redelivered");
  delivered.is_catching_up = fields.Flag("catching_up");
  delivered.coalesced = static_cast<std::uint32_t>(fields.Number("coalesced"));
  delivered.received = MonotonicTime(
      Duration(static_cast<std::int64_t>(fields.Number("received"))));
  if (!delivered.memberships.empty() &&
      delivered.memberships.size() != delivered.subscription_ids.size()) {
    fields.Refuse("memberships", "none, or one for each id",
                  absl::StrCat(delivered.memberships.size()));
  }
  if (history_.is_session) {
    if (const auto broken = sequences_.Take(delivered)) Note(*broken);
  }
  Note(std::move(delivered));
}

void HistoryReader::TakeNoticed(RecordFields& fields) {
  Noticed noticed;
  noticed.gap.subscription_ids = fields.Texts("ids");
  noticed.gap.reason = fields.Text("reason");
  noticed.gap.end = ReadWord(fields, "ended", kEnds);
  noticed.gap.from_progress = fields.Text("from");
  noticed.gap.to_progress = fields.Text("to");
  noticed.log = {.head = head_, .newest_first = 1, .newest_head = head_};
  sequences_.Notice();
  Note(std::move(noticed));
}

void HistoryReader::TakeEnded(RecordFields& fields) {
  sequences_.End();
  Note(Ended{fields.Text("id")});
}

Status HistoryReader::TakeKept(const Value& state) {
  if (!state.is(ValueKind::kString) || !ParseSessionPlace(state.text()).ok()) {
    return InvalidArgument(absl::StrCat(
        "kept: expected the state of a session, got ", FormatJson(state)));
  }
  kept_ = state.text();
  kept_upto_ = history_.records.size();
  return OkStatus();
}

void HistoryReader::DisownUnprocessed() {
  if (history_.is_session) {
    for (std::size_t i = kept_upto_; i < history_.records.size(); ++i) {
      auto& what = history_.records[i].what;
      if (auto* const delivered = std::get_if<Delivered>(&what)) {
        delivered->is_processed = false;
      } else if (auto* const noticed = std::get_if<Noticed>(&what)) {
        noticed->is_processed = false;
      }
    }
  }
  kept_upto_ = history_.records.size();
}

// Whether a process may have been killed before it had written all of a line,
// that is, whether nothing follows, or another process.
bool MayBeCutShort(std::string_view rest, bool has_line_feed) {
  const std::string_view next = rest.substr(0, rest.find('\n'));
  return rest.empty() ? !has_line_feed
                      : next.find("\"started\":") != std::string_view::npos;
}

}  // namespace

Result<GatewayHistory> ReadGatewayHistory(std::string_view text,
                                          const std::string& name,
                                          std::uint64_t head) {
  HistoryReader reader(head);
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const bool has_line_feed = end < text.size();
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    Arena arena;
    const Result<Value> value = ParseJson(line, arena);
    if (!value.ok() && MayBeCutShort(text, has_line_feed)) continue;
    const Status status = value.ok() ? reader.Take(*value) : value.status();
    if (status.ok()) continue;
    return InvalidArgument(
        absl::StrCat(name, ":", number, ": ", std::string(MessageOf(status))));
  }
  if (number == 0) {
    return InvalidArgument(
        absl::StrCat(name, ": expected the history of a gateway, got nothing"));
  }
  return reader.Finish();
}

}  // namespace streamer::sim
