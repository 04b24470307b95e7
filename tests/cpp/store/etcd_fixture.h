// What the tests of EtcdStateStore share: one etcd for each run of the program,
// keys of its own for each test, and stores on them.
#ifndef STREAMER_TESTS_STORE_ETCD_FIXTURE_H_
#define STREAMER_TESTS_STORE_ETCD_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "store/etcd_process.h"
#include "store/etcd_state_store.h"
#include "store/internal/state_layout.h"

namespace streamer {

inline EtcdProcess& Etcd() {
  static EtcdProcess etcd;
  return etcd;
}

inline std::string NewPrefix() {
  static int count = 0;
  return "test-" + std::to_string(++count);
}

class EtcdFixture : public ::testing::Test {
 protected:
  using Records = std::map<StateKey, std::string>;

  static constexpr MonotonicTime kNow{std::chrono::seconds(100)};
  static constexpr std::chrono::seconds kTtl{10};
  inline static const StateKey kProgress{StateKind::kProgress, ""};

  static StateKey Session(int number) {
    return {StateKind::kSession, "g" + std::to_string(number)};
  }
  // Of a store at that revision and owner, to a commit of another.
  static Status Overtaken(std::uint64_t revision, std::uint64_t owner,
                          std::uint64_t got_revision, std::uint64_t got_owner) {
    return CheckTransaction({got_owner, got_revision, {}}, owner, revision, 0);
  }

  EtcdFixture()
      : options_{.endpoints = {Etcd().endpoint()},
                 .prefix = NewPrefix(),
                 .lease_ttl = kTtl,
                 .call_timeout = std::chrono::seconds(20)} {}

  std::unique_ptr<EtcdStateStore> Open() {
    return EtcdStateStore::Open(options_).value();
  }
  // Of all that a store can see.
  StateSnapshot Load() { return Open()->Load().value(); }
  [[nodiscard]] std::string Key(const std::string& name) const {
    return options_.prefix + "/" + name;
  }
  [[nodiscard]] std::string KeyOf(const StateKey& key) const {
    return Key(internal::EncodeStateKey(key));
  }
  [[nodiscard]] Status NotOwner(const std::string& why) const {
    return FailedPrecondition("etcd " + options_.prefix +
                              ": expected the owner of the state, got one "
                              "who " +
                              why);
  }
  // What `call` returns once that is not Unavailable, at the latest after 30 s.
  template <typename Call>
  static auto Await(Call call) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::seconds(30);
    auto result = call();
    while (absl::IsUnavailable(AsStatus(result)) &&
           std::chrono::steady_clock::now() < end) {
      result = call();
    }
    return result;
  }
  static Status AsStatus(const Status& status) { return status; }
  template <typename T>
  static Status AsStatus(const Result<T>& result) {
    return result.status();
  }

  EtcdStateStoreOptions options_;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_STORE_ETCD_FIXTURE_H_
