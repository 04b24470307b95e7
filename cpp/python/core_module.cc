// `_core`: filters, events and the core in process.
//
//   Event       Delivery            what goes in, what comes out
//   Filter      Explanation         what is asked, and why the answer is so
//   CelProgram  CelDocuments        expressions alone
//   Core        Subscription …      the engine, and what it answers
//
// The GIL is released around parsing, compiling, matching and ingesting, and
// before a mutex is taken. Classes are not imported from here by users: the
// package `streamer` names them.
#include <pybind11/pybind11.h>

#include "python/bindings.h"

PYBIND11_MODULE(_core, module) {
  // Docstrings bring their own signatures.
  pybind11::options options;
  options.disable_function_signatures();
  module.doc() = "Filters, events and the core in process.";
  module.attr("__version__") = STREAMER_VERSION;
  streamer::python::DefineEvents(module);
  streamer::python::DefineFilters(module);
  streamer::python::DefineCel(module);
  streamer::python::DefineCore(module);
}
