#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

namespace cairn::daemon {

using TimePoint = std::chrono::steady_clock::time_point;

/// Bytes to and from one client. Every call has its deadline, so that nobody holds a thread for longer than
/// was meant; none throws for what clients do.
class Connection {
  public:
    virtual ~Connection() = default;

    enum class State {
        open,
        late,  // the last call's deadline has passed; the connection can still be used
        over,  // the other side has ended it, or it broke
    };

    /// What is there, but at least one byte; 0: `state` says why.
    virtual std::size_t read(std::span<char> bytes, TimePoint deadline) = 0;
    /// All of it; false: `state` says why.
    virtual bool write(std::string_view bytes, TimePoint deadline) = 0;
    /// Ends what is sent and then takes in, and forgets, what the client still sends, for a while: one that
    /// is in the middle of its request sees the answer instead of a broken connection.
    virtual void finish(TimePoint deadline) = 0;

    State state() const { return state_; }

  protected:
    State state_ = State::open;
};

/// Over a socket as it is.
class SocketConnection final : public Connection {
  public:
    /// Borrows the socket, and makes it non-blocking.
    explicit SocketConnection(int socket);

    std::size_t read(std::span<char> bytes, TimePoint deadline) override;
    bool write(std::string_view bytes, TimePoint deadline) override;
    void finish(TimePoint deadline) override;

  private:
    int socket_;
};

void make_nonblocking(int socket);
/// Waits for POLLIN or POLLOUT; false when the deadline passed first.
bool wait_for_socket(int socket, short events, TimePoint deadline);
/// Connection::finish for a socket.
void drain_socket(int socket, TimePoint deadline);

}  // namespace cairn::daemon
