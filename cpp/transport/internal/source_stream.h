// SourceStream: one gRPC stream from a puller, from its opening to its end.
// Pure input and output: what is read when is its owner's business.
//
// Life: the stream keeps itself and its owner alive from Start until OnEnd was
// told. gRPC ends it once no read is under way and the hold is released, which
// happens when reading fails or it is cancelled.
//
// Thread-safety: every method from any thread. The owner may call with its own
// mutex held: gRPC never calls back from within a call.
#ifndef STREAMER_TRANSPORT_INTERNAL_SOURCE_STREAM_H_
#define STREAMER_TRANSPORT_INTERNAL_SOURCE_STREAM_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "syntrix/puller/v1/puller.grpc.pb.h"
#include "syntrix/puller/v1/puller.pb.h"

namespace streamer {

class SourceStream;

// Told by gRPC's threads, one call at a time for each stream.
class SourceStreamOwner {
 public:
  virtual ~SourceStreamOwner() = default;

  // The answer to a Read. `message` is the stream's, until the next Read.
  virtual void OnMessage(SourceStream& stream,
                         const syntrix::puller::v1::PullerEvent& message) = 0;
  // Nothing comes of this stream any more, and it holds no channel any more.
  // `oldest` is the trailing metadata "oldest-progress".
  virtual void OnEnd(SourceStream& stream, const Status& status,
                     const std::string& oldest) = 0;
};

class SourceStream final
    : public grpc::ClientReadReactor<syntrix::puller::v1::PullerEvent>,
      public std::enable_shared_from_this<SourceStream> {
 public:
  using Stub = syntrix::puller::v1::PullerService::Stub;

  SourceStream(std::shared_ptr<SourceStreamOwner> owner,
               syntrix::puller::v1::SubscribeRequest request)
      : owner_(std::move(owner)), request_(std::move(request)) {}

  void Start(Stub& stub);
  // Reads one message. REQUIRES: none is being read.
  void Read();
  // OnEnd follows soon.
  void Cancel();

  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  void End();

  std::shared_ptr<SourceStreamOwner> owner_;
  const syntrix::puller::v1::SubscribeRequest request_;
  std::shared_ptr<SourceStream> self_;  // from Start to OnDone
  syntrix::puller::v1::PullerEvent incoming_;

  std::mutex mutex_;
  // Guarded by mutex_.
  // Until OnDone: it shares the channel, whose last owner must not be a
  // thread of gRPC.
  std::unique_ptr<grpc::ClientContext> context_ =
      std::make_unique<grpc::ClientContext>();
  bool has_ended_ = false;  // the hold is released: start nothing any more
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_SOURCE_STREAM_H_
