#include "store/etcd_front.h"

#include <utility>

namespace streamer {

EtcdFront::EtcdFront(EtcdProcess& etcd) : etcd_(etcd) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(static_cast<etcdserverpb::KV::Service*>(this));
  builder.RegisterService(static_cast<etcdserverpb::Lease::Service*>(this));
  server_ = builder.BuildAndStart();
  endpoint_ = "127.0.0.1:" + std::to_string(port);
}

EtcdFront::~EtcdFront() { server_->Shutdown(); }

void EtcdFront::BeforeNextTransaction(Action action) {
  const std::lock_guard lock(mutex_);
  before_transaction_ = std::move(action);
}

void EtcdFront::BeforeNextRead(Action action) {
  const std::lock_guard lock(mutex_);
  before_read_ = std::move(action);
}

void EtcdFront::LoseAnswers(int count) {
  const std::lock_guard lock(mutex_);
  answers_to_lose_ = count;
}

int EtcdFront::reads() const {
  const std::lock_guard lock(mutex_);
  return reads_;
}

int EtcdFront::transactions() const {
  const std::lock_guard lock(mutex_);
  return transactions_;
}

grpc::Status EtcdFront::Range(grpc::ServerContext*,
                              const etcdserverpb::RangeRequest* request,
                              etcdserverpb::RangeResponse* response) {
  Action before;
  {
    const std::lock_guard lock(mutex_);
    ++reads_;
    before = std::exchange(before_read_, nullptr);
  }
  if (before) before();
  grpc::ClientContext context;
  return etcd_.keys().Range(&context, *request, response);
}

grpc::Status EtcdFront::Txn(grpc::ServerContext*,
                            const etcdserverpb::TxnRequest* request,
                            etcdserverpb::TxnResponse* response) {
  Action before;
  bool is_lost = false;
  {
    const std::lock_guard lock(mutex_);
    ++transactions_;
    before = std::exchange(before_transaction_, nullptr);
    is_lost = answers_to_lose_ > 0;
    if (is_lost) --answers_to_lose_;
  }
  if (before) before();
  grpc::ClientContext context;
  const grpc::Status status = etcd_.keys().Txn(&context, *request, response);
  if (is_lost && status.ok()) {
    return {grpc::StatusCode::UNAVAILABLE, "the answer was lost"};
  }
  return status;
}

grpc::Status EtcdFront::LeaseGrant(
    grpc::ServerContext*, const etcdserverpb::LeaseGrantRequest* request,
    etcdserverpb::LeaseGrantResponse* response) {
  grpc::ClientContext context;
  return etcd_.leases().LeaseGrant(&context, *request, response);
}

}  // namespace streamer
