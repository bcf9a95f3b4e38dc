#pragma once

#include <cstdint>

/// The kernel's interface for rules of paths (linux/landlock.h), as far as it is used here, from whatever
/// headers.
namespace cairn::daemon::landlock {

enum Access : std::uint64_t {
    execute = 1U << 0,
    write_file = 1U << 1,
    read_file = 1U << 2,
    read_dir = 1U << 3,
    remove_dir = 1U << 4,
    remove_file = 1U << 5,
    make_char = 1U << 6,
    make_dir = 1U << 7,
    make_reg = 1U << 8,
    make_sock = 1U << 9,
    make_fifo = 1U << 10,
    make_block = 1U << 11,
    make_sym = 1U << 12,
    refer = 1U << 13,      // version 2
    truncate = 1U << 14,   // version 3
    ioctl_dev = 1U << 15,  // version 5
};

inline constexpr std::uint64_t reading = read_file | read_dir;
inline constexpr std::uint64_t starting = reading | execute;
/// No devices, no pipes.
inline constexpr std::uint64_t writing = reading | write_file | remove_dir | remove_file | make_dir |
                                         make_reg | make_sock | make_sym | refer | truncate;
/// What a rule for a file may name.
inline constexpr std::uint64_t of_files = execute | write_file | read_file | truncate | ioctl_dev;

/// All that a version can hold back.
constexpr std::uint64_t known_access(int version) {
    std::uint64_t access = refer - 1;
    if (version >= 2) access |= refer;
    if (version >= 3) access |= truncate;
    if (version >= 5) access |= ioctl_dev;
    return access;
}

struct Ruleset {
    std::uint64_t access;
};

struct [[gnu::packed]] PathRule {
    std::uint64_t access;
    std::int32_t parent;
};
inline constexpr int path_rule = 1;
inline constexpr int ask_version = 1;

}  // namespace cairn::daemon::landlock
