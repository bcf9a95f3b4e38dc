#include "pkg/sandbox/syscall_filter.h"

#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace cairn::sandbox {

namespace {

#if defined(__x86_64__)
constexpr unsigned native = AUDIT_ARCH_X86_64;
constexpr unsigned last_number = 0x3fffffff;  // above: the x32 numbers
#else
constexpr unsigned native = AUDIT_ARCH_AARCH64;
constexpr unsigned last_number = 0xffffffff;
#endif

constexpr struct sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}

// The low half of an argument: both architectures are little-endian.
constexpr struct sock_filter load_argument(std::size_t index) {
    return load(offsetof(struct seccomp_data, args) + index * sizeof(std::uint64_t));
}

// Goes `then` instructions further when equal, else `otherwise`.
constexpr struct sock_filter if_equal(unsigned value, unsigned char then, unsigned char otherwise) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise);
}

constexpr struct sock_filter refuse(unsigned error) {
    return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
}
constexpr struct sock_filter allow() {
    return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

constexpr auto program = std::to_array<struct sock_filter>({
    load(offsetof(struct seccomp_data, arch)),
    if_equal(native, 1, 0),
    refuse(ENOSYS),
    load(offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_number, 3, 0),
    if_equal(SYS_add_key, 2, 0),
    if_equal(SYS_request_key, 1, 0),
    if_equal(SYS_keyctl, 0, 1),
    refuse(ENOSYS),
    if_equal(SYS_socket, 0, 7),
    load_argument(0),
    if_equal(AF_UNIX, 4, 0),
    if_equal(AF_INET, 3, 0),
    if_equal(AF_INET6, 2, 0),
    if_equal(AF_NETLINK, 1, 0),
    refuse(EAFNOSUPPORT),
    allow(),
    if_equal(SYS_ioctl, 0, 4),
    load_argument(1),
    if_equal(TIOCSTI, 1, 0),
    if_equal(TIOCLINUX, 0, 1),
    refuse(EPERM),
    allow(),
});

}  // namespace

std::span<const struct sock_filter> syscall_filter() {
    return program;
}

}  // namespace cairn::sandbox
