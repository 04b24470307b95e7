#include "store/etcd_process.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <regex>

namespace streamer {
namespace {

namespace wire = etcdserverpb;

constexpr int kPatienceMillis = 30'000;

// A call of a test: it waits for the connection, and fails the test else.
class PatientContext {
 public:
  PatientContext() {
    context_.set_wait_for_ready(true);
    context_.set_deadline(gpr_time_from_millis(kPatienceMillis, GPR_TIMESPAN));
  }
  grpc::ClientContext* get() { return &context_; }

 private:
  grpc::ClientContext context_;
};

void Check(const grpc::Status& status) {
  EXPECT_TRUE(status.ok()) << status.error_message();
}

[[noreturn]] void Die(const std::string& message) {
  std::cerr << message << std::endl;
  std::abort();
}

// Becomes etcd; runs in the child, between fork and exec.
[[noreturn]] void Become(const std::vector<char*>& arguments, int output,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have ended before that.
  if (getppid() != parent) _exit(1);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(arguments.front(), arguments.data());
  _exit(127);
}

pid_t Spawn(std::vector<std::string> words, int output) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) Become(arguments, output, parent);
  if (child < 0) Die("fork failed");
  return child;
}

}  // namespace

EtcdProcess::EtcdProcess() { Start("127.0.0.1:0"); }

EtcdProcess::~EtcdProcess() { Kill(); }

// The ports of one member that has no peers are never dialled, so they may
// stay as the system chose them. The heartbeat is short so that leases of one
// second can be.
void EtcdProcess::Start(const std::string& client_address) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) Die("pipe failed");
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  const std::string client = "http://" + client_address;
  const std::string peer = "http://127.0.0.1:0";
  process_ = Spawn(
      {STREAMER_ETCD, "--name=test", "--data-dir=" + folder_ / "",
       "--listen-client-urls=" + client, "--advertise-client-urls=" + client,
       "--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
       "--initial-cluster=test=" + peer, "--logger=zap", "--log-outputs=stderr",
       "--heartbeat-interval=10", "--election-timeout=100"},
      ends[1]);
  close(ends[1]);
  output_ = ends[0];
  endpoint_ = AwaitAddress(output_);
  Connect();
  Find("any");
}

std::string EtcdProcess::AwaitAddress(int output) {
  const std::regex serving(
      R"re("serving client[^}]*"address":"(127\.0\.0\.1:\d+)")re");
  std::string said;
  std::array<char, 4096> bytes{};
  pollfd waited{output, POLLIN, 0};
  while (poll(&waited, 1, kPatienceMillis) > 0) {
    const ssize_t count = read(output, bytes.data(), bytes.size());
    if (count <= 0) break;
    said.append(bytes.data(), static_cast<std::size_t>(count));
    std::smatch found;
    if (std::regex_search(said, found, serving)) return found[1];
  }
  Die("etcd does not serve; it said:\n" + said);
}

void EtcdProcess::Connect() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(
      endpoint_, grpc::InsecureChannelCredentials(), arguments);
  keys_ = wire::KV::NewStub(channel);
  leases_ = wire::Lease::NewStub(channel);
}

// The signal is sent at once, but takes hold of one thread after the other.
void EtcdProcess::Suspend() {
  kill(process_, SIGSTOP);
  waitpid(process_, nullptr, WUNTRACED);
}

void EtcdProcess::Resume() { kill(process_, SIGCONT); }

void EtcdProcess::Kill() {
  if (process_ == 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  close(output_);
  process_ = 0;
}

void EtcdProcess::StartAgain() { Start(std::string(endpoint_)); }

std::optional<EtcdProcess::Found> EtcdProcess::Find(const std::string& key) {
  PatientContext context;
  wire::RangeRequest request;
  request.set_key(key);
  wire::RangeResponse response;
  Check(keys_->Range(context.get(), request, &response));
  if (response.kvs_size() == 0) return std::nullopt;
  return Found{response.kvs(0).value(), response.kvs(0).lease()};
}

void EtcdProcess::Put(const std::string& key, const std::string& value) {
  PatientContext context;
  wire::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  wire::PutResponse response;
  Check(keys_->Put(context.get(), request, &response));
}

void EtcdProcess::Remove(const std::string& key) {
  PatientContext context;
  wire::DeleteRangeRequest request;
  request.set_key(key);
  wire::DeleteRangeResponse response;
  Check(keys_->DeleteRange(context.get(), request, &response));
}

void EtcdProcess::RevokeLease(std::int64_t lease) {
  PatientContext context;
  wire::LeaseRevokeRequest request;
  request.set_id(lease);
  wire::LeaseRevokeResponse response;
  Check(leases_->LeaseRevoke(context.get(), request, &response));
}

void EtcdProcess::Compact() {
  PatientContext read;
  wire::RangeRequest any;
  any.set_key("any");
  wire::RangeResponse latest;
  Check(keys_->Range(read.get(), any, &latest));
  PatientContext context;
  wire::CompactionRequest request;
  request.set_revision(latest.header().revision());
  wire::CompactionResponse response;
  Check(keys_->Compact(context.get(), request, &response));
}

}  // namespace streamer
