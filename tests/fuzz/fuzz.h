#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <optional>
#include <print>
#include <span>
#include <string>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

/// What the fuzz targets share. A target gives its input to a reader and states what must hold for every
/// input; libFuzzer keeps an input for which it does not.
namespace cairn::fuzz {

using Bytes = std::span<const std::uint8_t>;

inline std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Ends the program unless the rule holds.
inline void require(bool holds, std::string_view rule) {
    if (holds) return;
    std::println(stderr, "broken: {}", rule);
    std::abort();
}

/// What `body` gives, or nothing when it refuses the input as its header promises: by throwing `Refusal`.
/// Every other exception ends the program.
template <class Refusal = Error, class Body>
auto find_accepted(Body&& body) -> std::optional<decltype(body())> {
    try {
        return body();
    } catch (const Refusal&) {
        return std::nullopt;
    }
}

/// The same for a body that gives nothing.
template <class Refusal = Error, class Body>
bool is_accepted(Body&& body) {
    try {
        body();
        return true;
    } catch (const Refusal&) {
        return false;
    }
}

/// A file in memory with a path, for as long as this lives.
class MemoryFile {
  public:
    explicit MemoryFile(Bytes content) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        write_all(fd_.get(), text_of(content), "memory");
    }
    std::filesystem::path path() const { return std::format("/proc/self/fd/{}", fd_.get()); }

  private:
    Fd fd_;
};

}  // namespace cairn::fuzz

/// Begins the body of a target: `input` is what the fuzzer made up.
#define FUZZ_TARGET(input)                                                              \
    static void run_target(::cairn::fuzz::Bytes input);                                 \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
        run_target({data, size});                                                       \
        return 0;                                                                       \
    }                                                                                   \
    static void run_target(::cairn::fuzz::Bytes input)
