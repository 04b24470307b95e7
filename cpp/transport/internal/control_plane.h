// The control plane's answers: plain functions from request to response.
//
// Thread-safety: from any thread, as far as the engine allows it.
#ifndef STREAMER_TRANSPORT_INTERNAL_CONTROL_PLANE_H_
#define STREAMER_TRANSPORT_INTERNAL_CONTROL_PLANE_H_

#include "runtime/engine.h"
#include "transport/internal/http_message.h"

namespace streamer {

// POST /internal/v1/filters/check: compiles `{filters?, expression?}`, says
// how it would be found, and with `document` whether and why it matches it.
HttpResponse CheckFilter(const HttpRequest& request);

// GET /internal/v1/subscriptions: those that live, in the order in which they
// were accepted, a page at a time. Costs a walk over those passed over.
HttpResponse ListSubscriptions(const Engine& engine,
                               const HttpRequest& request);

// GET /internal/v1/collections/summary: the Bloom summaries of `tenant` and
// `collection`, one from each shard that holds some of it, in base64. Waits for
// the shards.
HttpResponse SummarizeCollection(const Engine& engine,
                                 const HttpRequest& request);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_CONTROL_PLANE_H_
