// TemporaryFolder: a folder for one test, gone with it.
#ifndef STREAMER_TESTS_STORE_TEMPORARY_FOLDER_H_
#define STREAMER_TESTS_STORE_TEMPORARY_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace streamer {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory where there is such a folder: an fsync costs nothing there.
    const std::string memory = "/dev/shm/";
    std::string name =
        (std::filesystem::exists(memory) ? memory : ::testing::TempDir()) +
        "streamer_store_XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // The path of `name` in it.
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

// Makes `to` what `from` is.
inline void CopyFolder(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

}  // namespace streamer

#endif  // STREAMER_TESTS_STORE_TEMPORARY_FOLDER_H_
