// WakeDescriptor: a file descriptor that an event loop can watch: readable
// from Signal to Clear. One system call each; signals in between are one.
//
// Thread-safety: every method from any thread.
#ifndef STREAMER_CLIENT_INTERNAL_WAKE_DESCRIPTOR_H_
#define STREAMER_CLIENT_INTERNAL_WAKE_DESCRIPTOR_H_

namespace streamer {

class WakeDescriptor {
 public:
  // Without descriptors left the process cannot go on: std::system_error.
  WakeDescriptor();
  ~WakeDescriptor();
  WakeDescriptor(const WakeDescriptor&) = delete;
  WakeDescriptor& operator=(const WakeDescriptor&) = delete;

  void Signal();
  void Clear();
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_INTERNAL_WAKE_DESCRIPTOR_H_
