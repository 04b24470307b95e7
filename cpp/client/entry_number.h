// EntryNumber: names what a session sent, delivery or notice, and the gaps
// that the client itself found between, within one client: in the order of
// receipt, over all sessions and parts.
//
// The service's own numbers begin anew with each session epoch, so what waits
// in a queue may be numbered by an earlier one.
//
// Thread-safety: plain data.
#ifndef STREAMER_CLIENT_ENTRY_NUMBER_H_
#define STREAMER_CLIENT_ENTRY_NUMBER_H_

#include <compare>
#include <cstdint>

namespace streamer {

struct EntryNumber {
  std::uint32_t epoch = 0;  // counts the session's numbers that this client saw
  std::uint64_t seq = 0;    // the service's
  std::uint32_t part = 0;   // counts what came under one seq, from 0
  std::uint32_t gap = 0;    // counts gaps found behind it; 0: itself

  friend constexpr auto operator<=>(const EntryNumber&,
                                    const EntryNumber&) = default;
  // What came without a session.
  [[nodiscard]] constexpr bool is_null() const { return epoch == 0; }
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_ENTRY_NUMBER_H_
