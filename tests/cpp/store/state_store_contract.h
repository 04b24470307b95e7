// The contract of StateStore (store/state_store.h) as tests, run against every
// implementation. The factory makes an empty store.
#ifndef STREAMER_TESTS_STORE_STATE_STORE_CONTRACT_H_
#define STREAMER_TESTS_STORE_STATE_STORE_CONTRACT_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/state_store.h"

namespace streamer {

using StateStoreFactory = std::unique_ptr<StateStore> (*)();

class StateStoreContract : public ::testing::TestWithParam<StateStoreFactory> {
 protected:
  void SetUp() override {
    store_ = GetParam()();
    owner_ = store_->Claim().value();
  }
  Result<std::uint64_t> Commit(std::vector<StateChange> changes) {
    Result<std::uint64_t> revision =
        store_->Commit({owner_, revision_, std::move(changes)});
    if (revision.ok()) revision_ = *revision;
    return revision;
  }

  std::unique_ptr<StateStore> store_;
  std::uint64_t owner_ = 0;
  std::uint64_t revision_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_STORE_STATE_STORE_CONTRACT_H_
