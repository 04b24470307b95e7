#include "service/internal/config_keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace streamer {
namespace {

TEST(ConfigKeysTest, EveryKeyReadsBackWhatItWrites) {
  const ServiceConfig defaults;
  for (const ConfigKey& key : AllConfigKeys()) {
    ServiceConfig config;
    const std::string text = key.get(defaults);
    EXPECT_TRUE(key.set(text, config).ok()) << key.name << ": " << text;
    EXPECT_EQ(key.get(config), text) << key.name;
  }
}

TEST(ConfigKeysTest, EveryKeyChangesItsOwnSettingOnly) {
  for (const ConfigKey& key : AllConfigKeys()) {
    ServiceConfig config;
    const std::string before = key.get(config);
    const auto set = [&](std::string_view text) {
      return key.set(text, config).ok() && key.get(config) != before;
    };
    const bool is_changed = set("7s") || set("7ms") || set("1237") ||
                            set("63") || set("262144") || set("true") ||
                            set("error") || set("::1") || set("0.25") ||
                            set("none") || set("1h") || set("2097152") ||
                            set("puller") || set("h:1") || set("etcd");
    EXPECT_TRUE(is_changed) << key.name;
    const ServiceConfig untouched;
    for (const ConfigKey& other : AllConfigKeys()) {
      if (&other == &key) continue;
      EXPECT_EQ(other.get(config), other.get(untouched))
          << key.name << " changed " << other.name;
    }
  }
}

TEST(ConfigKeysTest, NamesAreUniqueAndExplained) {
  std::set<std::string_view> names;
  for (const ConfigKey& key : AllConfigKeys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_EQ(FindConfigKey(key.name), &key);
    EXPECT_FALSE(IsUnsupportedKey(key.name)) << key.name;
    EXPECT_FALSE(IsConfigSection(key.name)) << key.name;
  }
}

TEST(ConfigKeysTest, ASectionIsTheBeginningOfAKey) {
  EXPECT_TRUE(IsConfigSection("subscription"));
  EXPECT_TRUE(IsConfigSection("subscription.quota"));
  EXPECT_TRUE(IsConfigSection("nats"));
  EXPECT_FALSE(IsConfigSection("subscription.quo"));
  EXPECT_FALSE(IsConfigSection("sub"));
  EXPECT_FALSE(IsConfigSection(""));
}

TEST(ConfigKeysTest, ANearKeyIsFoundAndAFarOneIsNot) {
  EXPECT_EQ(NearestKey("prot"), "port");
  EXPECT_EQ(NearestKey("grpc.prt"), "grpc.port");
  EXPECT_EQ(NearestKey("subscriptions"), "subscription");
  EXPECT_EQ(NearestKey("outbox.max_byte"), "outbox.max_bytes");
  EXPECT_EQ(NearestKey("completely.different"), "");
  EXPECT_EQ(NearestKey("x"), "");
}

TEST(ConfigKeysTest, KeysOfLaterFeaturesAreKnownAsSuch) {
  EXPECT_TRUE(IsUnsupportedKey("nats.urls"));
  EXPECT_FALSE(IsUnsupportedKey("nats"));
  EXPECT_EQ(FindConfigKey("nats.urls"), nullptr);
}

}  // namespace
}  // namespace streamer
