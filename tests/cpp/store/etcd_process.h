// EtcdProcess: a real etcd, alone in a temporary folder on loopback ports that
// the system chose, killed with this object or with the thread that made it.
//
// Beside it stands what a test does to its keys behind a store's back. A call
// that fails is a failure of the test.
#ifndef STREAMER_TESTS_STORE_ETCD_PROCESS_H_
#define STREAMER_TESTS_STORE_ETCD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "etcd/etcdserverpb.grpc.pb.h"
#include "store/temporary_folder.h"

namespace streamer {

class EtcdProcess {
 public:
  // Returns once it answers.
  EtcdProcess();
  ~EtcdProcess();
  EtcdProcess(const EtcdProcess&) = delete;
  EtcdProcess& operator=(const EtcdProcess&) = delete;

  // host:port.
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

  // Stops it as a whole, like a machine that hangs, and returns once it
  // stands still. Resume undoes that.
  void Suspend();
  void Resume();
  // Ends it at once. StartAgain runs it on the same folder and endpoint.
  void Kill();
  void StartAgain();

  struct Found {
    std::string value;
    std::int64_t lease = 0;
  };
  std::optional<Found> Find(const std::string& key);
  void Put(const std::string& key, const std::string& value);
  void Remove(const std::string& key);
  void RevokeLease(std::int64_t lease);
  // Forgets all revisions but the latest.
  void Compact();

  etcdserverpb::KV::Stub& keys() { return *keys_; }
  etcdserverpb::Lease::Stub& leases() { return *leases_; }

 private:
  void Start(const std::string& client_address);
  // Reads what it says until it serves, and returns where.
  std::string AwaitAddress(int output);
  void Connect();

  TemporaryFolder folder_;
  pid_t process_ = 0;
  // What it says on; read until it serves, then left open and large enough.
  int output_ = -1;
  std::string endpoint_;
  std::unique_ptr<etcdserverpb::KV::Stub> keys_;
  std::unique_ptr<etcdserverpb::Lease::Stub> leases_;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_STORE_ETCD_PROCESS_H_
