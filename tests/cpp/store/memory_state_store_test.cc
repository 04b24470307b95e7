#include "store/memory_state_store.h"

#include <gtest/gtest.h>

#include "store/state_store_contract.h"

namespace streamer {
namespace {

std::unique_ptr<StateStore> MakeStore() {
  return std::make_unique<MemoryStateStore>();
}

INSTANTIATE_TEST_SUITE_P(MemoryStateStore, StateStoreContract,
                         ::testing::Values(MakeStore));

}  // namespace
}  // namespace streamer
