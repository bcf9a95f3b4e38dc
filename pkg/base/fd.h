#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

/// Owner of a file descriptor and the reads and writes that every folder needs on one.
namespace cairn {

/// Owns one descriptor; closes it when destroyed. Move-only.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int number) : number_(number) {}
    Fd(Fd&& other) noexcept : number_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept;
    ~Fd() { reset(); }

    int get() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    /// Gives up ownership without closing.
    int release();
    void reset();

  private:
    int number_ = -1;
};

/// Opens with O_CLOEXEC added. Throws SystemError naming the path.
Fd open_file(const std::filesystem::path& path, int flags, mode_t mode = 0644);

/// Writes all bytes, going on after short writes and EINTR. `name` is for the error message.
void write_all(int fd, std::span<const std::uint8_t> bytes, const std::string& name);
void write_all(int fd, std::string_view text, const std::string& name);
void write_all_at(int fd, std::span<const std::uint8_t> bytes, std::uint64_t offset, const std::string& name);
/// Fills `bytes` from `offset`; throws Error when the file ends before that.
void read_exactly_at(int fd, std::span<std::uint8_t> bytes, std::uint64_t offset, const std::string& name);
/// Reads up to bytes.size(); less only at the end of the file.
std::size_t read_up_to(int fd, std::span<std::uint8_t> bytes, const std::string& name);

std::uint64_t file_size(int fd, const std::string& name);
/// fsync; throws SystemError. A failed sync means the data is lost: never try again and believe it.
void sync_fd(int fd, const std::string& name);

}  // namespace cairn
