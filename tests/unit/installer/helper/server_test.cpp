#include "installer/helper/server.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <latch>
#include <thread>

#include "installer/api/errors.h"
#include "installer/api/helper_link.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::helper {
namespace {

/// A running server on a socket in a folder of its own.
class ServerTest : public testing::Test {
  protected:
    ~ServerTest() override { stop(); }

    void start(Server::Serve serve, std::vector<uid_t> allowed = {::geteuid()}) {
        server_ = std::make_unique<Server>(
            ServerOptions{
                .socket = path(), .allowed = std::move(allowed), .silence = std::chrono::seconds(5)},
            std::move(serve));
        thread_ = std::thread([this] { server_->run(stop_.get()); });
    }
    void stop() {
        if (!thread_.joinable()) return;
        const std::uint64_t one = 1;
        CHECK(::write(stop_.get(), &one, sizeof one) == sizeof one);
        thread_.join();
    }
    std::filesystem::path path() const { return folder_.path() / "helper.sock"; }
    Json call(const std::string& verb) { return api::SocketHelperLink(path()).call(verb, Json::object()); }

    /// A connection that sends these bytes and reads what comes until the end.
    std::string send_raw(std::string_view bytes) {
        Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address = {.sun_family = AF_UNIX};
        std::strcpy(address.sun_path, path().c_str());
        CHECK(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        std::ignore = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        ::shutdown(socket.get(), SHUT_WR);
        std::string answer(4096, '\0');
        const ssize_t count = ::recv(socket.get(), answer.data(), answer.size(), MSG_WAITALL);
        answer.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return answer;
    }

  private:
    TemporaryDirectory folder_;
    Fd stop_{::eventfd(0, EFD_CLOEXEC)};
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

TEST_F(ServerTest, ServesOneRequestAConnection) {
    start([](const Json& request, Session&) { return Json{{"was", request["do"]}}; });
    EXPECT_EQ(call("state"), Json({{"was", "state"}}));
    EXPECT_EQ(call("prepare"), Json({{"was", "prepare"}}));
    struct stat status = {};
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0660U);
}

TEST_F(ServerTest, GivesErrorsAsTheyWere) {
    start([](const Json&, Session&) -> Json { throw api::Conflict("not now"); });
    EXPECT_THROW(call("activate"), api::Conflict);
}

TEST_F(ServerTest, TurnsOthersAway) {
    start([](const Json&, Session&) { return Json::object(); }, {::geteuid() + 1});
    EXPECT_THROW(call("state"), NetworkError);
}

TEST_F(ServerTest, OutlivesWhatClientsSend) {
    start([](const Json&, Session&) { return Json::object(); });
    for (const std::string_view bytes :
         {std::string_view(""), std::string_view("\xff\xff\xff\xffJ", 5), std::string_view("\0\0\0\0J", 5),
          std::string_view("\2\0\0\0J[]", 7), std::string_view("\2\0\0\0D{}", 7),
          std::string_view("\x10\0\0\0J{", 6)})
        EXPECT_EQ(send_raw(bytes), "");
    EXPECT_EQ(call("state"), Json::object());
}

TEST_F(ServerTest, ServesOnlyAFewAtOnceAndTheOthersLater) {
    std::atomic<int> now = 0;
    std::atomic<int> most = 0;
    start([&](const Json&, Session&) {
        const int count = ++now;
        for (int seen = most; count > seen && !most.compare_exchange_weak(seen, count);) {
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        --now;
        return Json::object();
    });
    std::vector<std::thread> clients;
    std::atomic<int> served = 0;
    for (int count = 0; count < 24; ++count)
        clients.emplace_back([&] { served += call("state").is_object(); });
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(served, 24);
    EXPECT_LE(most, Server::most_connections);
}

TEST_F(ServerTest, WaitsForRequestsUnderWayWhenItStops) {
    std::latch begun(1);
    start([&](const Json&, Session&) {
        begun.count_down();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return Json{{"done", true}};
    });
    Json answer;
    std::thread client([&] { answer = call("prepare"); });
    begun.wait();
    stop();
    client.join();
    EXPECT_EQ(answer, Json({{"done", true}}));
}

}  // namespace
}  // namespace cairn::helper
