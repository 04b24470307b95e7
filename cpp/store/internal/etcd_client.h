// EtcdClient: the calls that the state store makes to etcd, each with a
// deadline, over a list of endpoints.
//
// A call goes to the endpoint that answered last; where it is Unavailable the
// next one is asked, each of them once; the last one is waited for, should it
// not be reachable. So a call takes at most the timeout for each endpoint, and
// one that failed may have been done all the same, even twice: who calls must
// be able to live with that.
//
// Errors are named after the endpoint. Unavailable is all that trying again may
// cure; what is wrong with the request is InvalidArgument, a revision that etcd
// has forgotten is OutOfRange, and damage that etcd found is DataLoss.
//
// Thread-safety: all methods may be called from any thread at once.
#ifndef STREAMER_STORE_INTERNAL_ETCD_CLIENT_H_
#define STREAMER_STORE_INTERNAL_ETCD_CLIENT_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"

namespace etcdserverpb {
class LeaseGrantResponse;
class RangeRequest;
class RangeResponse;
class TxnRequest;
class TxnResponse;
}  // namespace etcdserverpb

namespace streamer::internal {

class EtcdClient {
 public:
  // REQUIRES: `endpoints`, each host:port, are not empty. Connects with the
  // first call.
  EtcdClient(const std::vector<std::string>& endpoints,
             std::chrono::milliseconds timeout);
  ~EtcdClient();

  Result<etcdserverpb::RangeResponse> Range(
      const etcdserverpb::RangeRequest& request);
  Result<etcdserverpb::TxnResponse> Txn(
      const etcdserverpb::TxnRequest& request);
  Result<etcdserverpb::LeaseGrantResponse> GrantLease(std::chrono::seconds ttl);

  // Ends the calls under way; they and all later ones are Unavailable.
  void Interrupt();

  // Makes a lease live its full time again, and returns that; 0 when there is
  // no such lease.
  Result<std::chrono::seconds> RenewLease(std::int64_t lease);

 private:
  class Context;
  struct Endpoint;
  using Call = std::function<Status(const Endpoint&, Context&)>;

  Status TryEndpoints(const Call& call);
  // Whether it may be made; if so, it must End.
  bool Begin(Context& context);
  void End(Context& context);

  const std::chrono::milliseconds timeout_;
  const std::vector<Endpoint> endpoints_;
  std::atomic<std::size_t> current_ = 0;

  std::mutex mutex_;
  // Guarded by mutex_.
  bool is_interrupted_ = false;
  std::vector<Context*> under_way_;
};

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_ETCD_CLIENT_H_
