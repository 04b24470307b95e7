#include "service/service.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "service/captured_log.h"
#include "transport/http_client.h"

namespace streamer {
namespace {

ServiceConfig FreePorts() {
  ServiceConfig config;
  config.http.port = 0;
  config.grpc.port = 0;
  return config;
}

std::string Get(int port, const std::string& path) {
  HttpClient client(port);
  const auto answer = client.Call("GET " + path + " HTTP/1.1\r\n\r\n");
  return answer.has_value() ? answer->body() : "no answer";
}

class ServiceTest : public ::testing::Test {
 protected:
  CapturedLog log_;
};

TEST_F(ServiceTest, ItIsReadyOnceItIsStarted) {
  auto service = Service::Start(FreePorts());
  ASSERT_TRUE(service.ok()) << service.status();
  EXPECT_EQ(Get((*service)->http_port(), "/health/ready"),
            "{\"status\":\"ready\"}\n");
  EXPECT_EQ(Get((*service)->http_port(), "/health"),
            "{\"status\":\"ready\",\"version\":\"" + std::string(Version()) +
                "\"}\n");
  EXPECT_NE((*service)->http_port(), (*service)->grpc_port());
  EXPECT_TRUE((*service)->Drain(std::chrono::seconds(30)).is_complete());
}

TEST_F(ServiceTest, DrainingTwiceIsDrainingOnce) {
  auto service = Service::Start(FreePorts());
  ASSERT_TRUE(service.ok()) << service.status();
  EXPECT_TRUE((*service)->Drain(std::chrono::seconds(30)).is_complete());
  EXPECT_TRUE((*service)->Drain(std::chrono::seconds(30)).is_complete());
}

TEST_F(ServiceTest, ItMayGoWithoutADrain) {
  auto service = Service::Start(FreePorts());
  ASSERT_TRUE(service.ok()) << service.status();
  HttpClient idle((*service)->http_port());
  service->reset();
  EXPECT_FALSE(idle.Receive().has_value());
}

// What was started before the part that failed must end as if it never was.
TEST_F(ServiceTest, APortInUseLeavesNothingBehind) {
  auto first = Service::Start(FreePorts());
  ASSERT_TRUE(first.ok()) << first.status();
  ServiceConfig second = FreePorts();
  second.http.port = (*first)->http_port();
  EXPECT_EQ(Service::Start(second).status(),
            Unavailable("http: expected to listen on 127.0.0.1:" +
                        std::to_string((*first)->http_port()) +
                        ", got \"Address already in use\""));
  second = FreePorts();
  second.grpc.port = (*first)->grpc_port();
  EXPECT_EQ(Service::Start(second).status(),
            Unavailable("grpc: expected to listen on 127.0.0.1:" +
                        std::to_string((*first)->grpc_port()) +
                        ", got \"Address already in use\""));
  EXPECT_EQ(Get((*first)->http_port(), "/health/live"),
            "{\"status\":\"live\"}\n");
}

TEST_F(ServiceTest, ItServesInOneThreadToo) {
  ServiceConfig config = FreePorts();
  config.engine.single_thread = true;
  auto service = Service::Start(config);
  ASSERT_TRUE(service.ok()) << service.status();
  HttpClient client((*service)->http_port());
  const std::string line =
      R"({"tenant":"t","collection":"c","id":"d","op":"insert","doc":{}})";
  const auto answer =
      client.Call("POST /v1/events HTTP/1.1\r\nContent-Length: " +
                  std::to_string(line.size()) + "\r\n\r\n" + line);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->result_int(), 202u);
  EXPECT_TRUE((*service)->Drain(std::chrono::seconds(30)).is_complete());
}

}  // namespace
}  // namespace streamer
