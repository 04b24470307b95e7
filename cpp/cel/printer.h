// Print turns a tree into CEL text with as few parentheses as its meaning
// allows. Parse reads it back to an equal tree.
#ifndef STREAMER_CEL_PRINTER_H_
#define STREAMER_CEL_PRINTER_H_

#include <string>

#include "cel/expression.h"

namespace streamer::cel {

std::string Print(const Expr& expression);

// Appends a key that two nodes share exactly if they are the same expression:
// same shape, names, and constants by type and bits (AppendIdentity).
void AppendIdentity(const Expr& expression, std::string& key);

}  // namespace streamer::cel

#endif  // STREAMER_CEL_PRINTER_H_
