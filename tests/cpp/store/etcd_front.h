// EtcdFront: a gRPC server before a real etcd. It hands each call on, and a
// test may do something before it, lose its answer, or answer in its place.
#ifndef STREAMER_TESTS_STORE_ETCD_FRONT_H_
#define STREAMER_TESTS_STORE_ETCD_FRONT_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "store/etcd_process.h"

namespace streamer {

class EtcdFront final : private etcdserverpb::KV::Service,
                        private etcdserverpb::Lease::Service {
 public:
  explicit EtcdFront(EtcdProcess& etcd);
  ~EtcdFront() override;

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

  // Run once, before the next transaction, or read, is handed on.
  void BeforeNextTransaction(std::function<void()> action);
  void BeforeNextRead(std::function<void()> action);
  // The next `count` transactions are done, and answered with UNAVAILABLE.
  void LoseAnswers(int count);

  // Calls that came.
  int reads() const;
  int transactions() const;

 private:
  using Action = std::function<void()>;

  grpc::Status Range(grpc::ServerContext* context,
                     const etcdserverpb::RangeRequest* request,
                     etcdserverpb::RangeResponse* response) override;
  grpc::Status Txn(grpc::ServerContext* context,
                   const etcdserverpb::TxnRequest* request,
                   etcdserverpb::TxnResponse* response) override;
  grpc::Status LeaseGrant(grpc::ServerContext* context,
                          const etcdserverpb::LeaseGrantRequest* request,
                          etcdserverpb::LeaseGrantResponse* response) override;

  EtcdProcess& etcd_;
  std::unique_ptr<grpc::Server> server_;
  std::string endpoint_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  Action before_transaction_;
  Action before_read_;
  int answers_to_lose_ = 0;
  int reads_ = 0;
  int transactions_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_STORE_ETCD_FRONT_H_
