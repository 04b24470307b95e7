// Mailbox: a bounded queue between two stages, moved in batches.
//
// A sender waits while the mailbox is full, so a slow stage slows the one
// before it and nothing is dropped. Whole batches change hands under one short
// lock; the receiver takes everything there is.
//
// Thread-safety: any number of senders, one receiver.
#ifndef STREAMER_RUNTIME_INTERNAL_MAILBOX_H_
#define STREAMER_RUNTIME_INTERNAL_MAILBOX_H_

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <iterator>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace streamer::internal {

template <typename T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  // Sends `items` in order and leaves them empty. Waits while the mailbox is
  // full; a batch that finds room is taken whole, so what is held stays below
  // the capacity and one batch. After Discard, drops them.
  void Send(std::vector<T>& items) {
    Put(items);
    mail_.notify_one();
  }

  // As Send, but lets a receiver that waits wait on: for items that mean
  // nothing to it before others come.
  void SendQuietly(std::vector<T>& items) { Put(items); }

  // Sends one item without waiting for room: for what must never block its
  // sender, and is bounded by other means.
  void SendNow(T item) {
    {
      std::lock_guard lock(mutex_);
      if (!is_discarding_) items_.push_back(std::move(item));
    }
    mail_.notify_one();
  }

  // As SendNow, but false, and the item is gone, once the mailbox was closed:
  // nobody would take it.
  [[nodiscard]] bool Offer(T item) {
    {
      std::lock_guard lock(mutex_);
      if (is_closed_) return false;
      items_.push_back(std::move(item));
    }
    mail_.notify_one();
    return true;
  }

  // Replaces `items` by all there is; waits until there is something. False
  // when the mailbox was closed and is empty.
  bool Receive(std::vector<T>& items) {
    items.clear();
    {
      std::unique_lock lock(mutex_);
      mail_.wait(lock, [&] { return !items_.empty() || is_closed_; });
      items_.swap(items);
    }
    room_.notify_all();
    return !items.empty();
  }

  // As Receive, without waiting.
  void TakeInto(std::vector<T>& items) {
    items.clear();
    {
      std::lock_guard lock(mutex_);
      items_.swap(items);
    }
    room_.notify_all();
  }

  // No more will be sent.
  void Close() {
    {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    mail_.notify_all();
  }

  // Closes, drops what there is and whatever is still sent.
  void Discard() {
    {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
      is_discarding_ = true;
      items_.clear();
    }
    mail_.notify_all();
    room_.notify_all();
  }

 private:
  void Put(std::vector<T>& items) {
    if (items.empty()) return;
    {
      std::unique_lock lock(mutex_);
      while (items_.size() >= capacity_ && !is_discarding_) {
        // What fills it may all have been sent quietly: then the receiver
        // still waits, and would for ever.
        mail_.notify_one();
        room_.wait(lock);
      }
      if (!is_discarding_) Append(items);
    }
    items.clear();
  }
  void Append(std::vector<T>& items) {
    if (items_.empty()) {
      items_.swap(items);
      return;
    }
    items_.insert(items_.end(), std::make_move_iterator(items.begin()),
                  std::make_move_iterator(items.end()));
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable mail_;
  std::condition_variable room_;
  // Guarded by mutex_.
  std::vector<T> items_;
  bool is_closed_ = false;
  bool is_discarding_ = false;
};

// So much a shard or the router does before it hands on what came of it: a full
// mailbox must not make the first in it wait for the last.
inline constexpr std::size_t kChunk = 128;

template <typename T, typename Function>
void ForEachChunk(std::vector<T>& items, Function function) {
  std::span<T> rest(items);
  while (!rest.empty()) {
    std::size_t size = std::min(rest.size(), kChunk);
    function(rest.first(size));
    rest = rest.subspan(size);
  }
}

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_MAILBOX_H_
