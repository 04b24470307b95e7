// HttpClient: one connection to a port of this machine, written to byte by
// byte as a test wants, and read answer by answer.
#ifndef STREAMER_TESTS_TRANSPORT_HTTP_CLIENT_H_
#define STREAMER_TESTS_TRANSPORT_HTTP_CLIENT_H_

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace streamer {

class HttpClient {
 public:
  using Answer = boost::beast::http::response<boost::beast::http::string_body>;

  explicit HttpClient(int port) : socket_(context_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(),
                     static_cast<std::uint16_t>(port)});
  }

  // False when the server has closed the connection.
  bool Send(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()),
                       error);
    return !error;
  }

  // The next answer; nothing when the connection ends before it.
  std::optional<Answer> Receive(bool has_body = true) {
    boost::beast::http::response_parser<boost::beast::http::string_body> parser;
    parser.skip(!has_body);
    boost::system::error_code error;
    boost::beast::http::read(socket_, received_, parser, error);
    if (error) return std::nullopt;
    return parser.release();
  }

  std::optional<Answer> Call(std::string_view request) {
    if (!Send(request)) return std::nullopt;
    return Receive();
  }

  // Whether the server closed the connection, or does within `patience`.
  bool IsClosed(std::chrono::milliseconds patience) {
    bool is_closed = false;
    char byte = 0;
    socket_.async_read_some(
        boost::asio::buffer(&byte, 1),
        [&](boost::system::error_code error, std::size_t) {
          is_closed = error && error != boost::asio::error::operation_aborted;
        });
    context_.restart();
    context_.run_for(patience);
    if (!context_.stopped()) {
      socket_.cancel();
      context_.run();
    }
    return is_closed;
  }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer received_;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_TRANSPORT_HTTP_CLIENT_H_
