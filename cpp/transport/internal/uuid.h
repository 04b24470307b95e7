// Random identifiers for what came without one.
//
// Thread-safety: from any thread.
#ifndef STREAMER_TRANSPORT_INTERNAL_UUID_H_
#define STREAMER_TRANSPORT_INTERNAL_UUID_H_

#include <string>

namespace streamer {

// A random (version 4) UUID in lower case.
std::string MakeUuid();

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_UUID_H_
