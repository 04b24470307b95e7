// Reason: in one plain sentence, why an expression has the value it has.
//
//   `doc.price >= 10` is false: doc.price is 7
//   `doc.tag == "a"` failed: doc.tag is missing
//   `doc.price * 1.5 > 10.0` failed: no such overload: int * double
//     (write double(doc.price))
//
//   `doc.items.exists(i, i.n > 10)` is true: for i = {"n":12} (2 of 3),
//     `i.n > 10` is true: i.n is 12
//
// Of an `and` that does not hold it names the condition that decided, of an
// `or` why no alternative holds, of a loop the element that decided. It is at
// most some 2,000 bytes long.
#ifndef STREAMER_FILTER_INTERNAL_REASON_H_
#define STREAMER_FILTER_INTERNAL_REASON_H_

#include <string>

#include "cel/expression.h"
#include "filter/internal/trace.h"

namespace streamer {

std::string ReasonFor(const cel::Expr& expression, const Trace& trace);

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_REASON_H_
