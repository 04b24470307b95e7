// ClientStream: one gRPC stream, from its opening to its end. Pure input and
// output: what is sent and when is its owner's business.
//
// Life: the stream keeps itself and its owner alive from Start until OnEnd
// was told. gRPC ends it once no read or write is under way and the hold is
// released, which happens when reading fails, a write fails or it is
// abandoned.
//
// Thread-safety: every method from any thread. The owner may call with its
// own mutex held: gRPC never calls back from within a call.
#ifndef STREAMER_CLIENT_INTERNAL_STREAM_H_
#define STREAMER_CLIENT_INTERNAL_STREAM_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include "base/status.h"
#include "syntrix/streamer/v1/streamer.grpc.pb.h"
#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer {

class ClientStream;

// Told by gRPC's threads, one call at a time for each stream.
class ClientStreamOwner {
 public:
  virtual ~ClientStreamOwner() = default;

  // Whether to read the next message at once; otherwise Read does.
  virtual bool OnMessage(
      ClientStream& stream,
      std::unique_ptr<syntrix::streamer::v1::StreamerMessage> message,
      std::int64_t received_ns) = 0;
  // Nothing comes of this stream any more, and it holds no channel any more.
  virtual void OnEnd(ClientStream& stream, const Status& status) = 0;
};

class ClientStream final
    : public grpc::ClientBidiReactor<syntrix::streamer::v1::GatewayMessage,
                                     syntrix::streamer::v1::StreamerMessage>,
      public std::enable_shared_from_this<ClientStream> {
 public:
  using Stub = syntrix::streamer::v1::StreamerService::Stub;

  // `credential` goes along as "authorization", unless it is empty.
  ClientStream(std::shared_ptr<ClientStreamOwner> owner,
               const std::string& credential);

  // Opens the stream and reads the first message.
  void Start(Stub& stub);

  // Sends after what was sent before; nothing on a stream that has ended. An
  // acknowledgement that waits to be sent gives way to the next.
  void Send(syntrix::streamer::v1::GatewayMessage message);

  // Reads one more message. REQUIRES: OnMessage returned false since the last
  // call.
  void Read();

  // Ends the sending side once everything was sent. OnEnd follows when the
  // service has ended its own, to be read until then.
  void Finish();

  // Cancels; OnEnd follows soon.
  void Abandon();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  void WriteNext();
  void End();

  std::shared_ptr<ClientStreamOwner> owner_;
  std::shared_ptr<ClientStream> self_;  // from Start to OnDone
  std::unique_ptr<syntrix::streamer::v1::StreamerMessage> incoming_;

  std::mutex mutex_;
  // Guarded by mutex_.
  // Until OnDone: it shares the channel, whose last owner must not be a
  // thread of gRPC.
  std::unique_ptr<grpc::ClientContext> context_ =
      std::make_unique<grpc::ClientContext>();
  bool has_ended_ = false;  // the hold is released: start nothing any more
  bool is_writing_ = false;
  bool must_finish_ = false;
  std::deque<syntrix::streamer::v1::GatewayMessage> outgoing_;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_INTERNAL_STREAM_H_
