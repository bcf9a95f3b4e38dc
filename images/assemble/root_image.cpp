#include "images/assemble/root_image.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <format>
#include <utility>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::assemble {
namespace {

constexpr std::uint64_t block_size = 4096;
constexpr std::size_t packages_named = 5;

struct Pipe {
    Fd read;
    Fd write;
};

Pipe make_pipe() {
    std::array<int, 2> ends;
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make a pipe");
    Pipe pipe = {Fd(ends[0]), Fd(ends[1])};
    constexpr int roomy = 1 << 20;
    fcntl(pipe.write.get(), F_SETPIPE_SZ, roomy);  // fewer switches; works without it too
    return pipe;
}

/// While it lives, writing to a pipe whose reader has died gives an error instead of ending this program.
class IgnoreBrokenPipes {
  public:
    IgnoreBrokenPipes() : before_(signal(SIGPIPE, SIG_IGN)) {}
    IgnoreBrokenPipes(const IgnoreBrokenPipes&) = delete;
    IgnoreBrokenPipes& operator=(const IgnoreBrokenPipes&) = delete;
    ~IgnoreBrokenPipes() { signal(SIGPIPE, before_); }

  private:
    void (*before_)(int);
};

Command make_command(const RootImageRequest& request, const std::filesystem::path& log) {
    return {.arguments = {request.mkfs.string(), "--quiet", "--tar=f", "--sort=none", "-b",
                          std::to_string(block_size), "-Enoinline_data", "-x", "1", "-T",
                          std::to_string(request.time), "-U", to_text(request.uuid), request.output.string()},
            .environment = {"LC_ALL=C", "TZ=UTC"},
            .output = log};
}

[[noreturn]] void fail_with_log(int status, const std::filesystem::path& log) {
    throw CommandError("cannot make the root file system: mkfs.erofs failed", status)
        .detail("output", std::string(trim(find_file(log).value_or(""))));
}

}  // namespace

std::uint64_t write_root_image(const RootImageRequest& request) {
    const TemporaryDirectory scratch(request.output.parent_path(), ".mkfs");
    const std::filesystem::path log = scratch.path() / "log";
    const IgnoreBrokenPipes ignore;
    Pipe pipe = make_pipe();
    Child mkfs = Child::start(make_command(request, log), {{pipe.read.get(), 0}});
    pipe.read.reset();

    std::exception_ptr writer_error;
    bool is_cut_off = false;  // mkfs.erofs stopped reading: its own words say why
    try {
        request.write_tar(pipe.write.get());
    } catch (const SystemError& error) {
        is_cut_off = error.error_number() == EPIPE;
        writer_error = std::current_exception();
    } catch (...) {
        writer_error = std::current_exception();
    }
    pipe.write.reset();
    const int status = mkfs.wait();
    if (writer_error && !is_cut_off) std::rethrow_exception(writer_error);
    if (status != 0) fail_with_log(status, log);
    if (writer_error) std::rethrow_exception(writer_error);

    const std::uint64_t size = std::filesystem::file_size(request.output);
    const std::uint64_t padded = (size + block_size - 1) / block_size * block_size;
    if (padded != size) std::filesystem::resize_file(request.output, padded);
    return padded;
}

void check_root_fits(std::uint64_t root_size, std::uint64_t slot_size,
                     const std::map<std::string, std::uint64_t>& sizes) {
    if (root_size <= slot_size) return;
    std::vector<std::pair<std::string, std::uint64_t>> largest(sizes.begin(), sizes.end());
    std::ranges::stable_sort(largest, std::ranges::greater{}, &std::pair<std::string, std::uint64_t>::second);
    if (largest.size() > packages_named) largest.resize(packages_named);
    std::vector<std::string> named;
    for (const auto& [package, size] : largest)
        named.push_back(std::format("{} ({})", package, format_bytes(size)));
    throw UsageError(
        std::format("root file system is {} larger than its slot", format_bytes(root_size - slot_size)))
        .detail("root", std::format("{} bytes ({})", root_size, format_bytes(root_size)))
        .detail("slot", std::format("{} bytes ({})", slot_size, format_bytes(slot_size)))
        .detail("largest packages", join(named, ", "))
        .hint(
            "remove a package, or raise \"root_mib\" in the image definition (installed machines keep their "
            "slots)");
}

}  // namespace cairn::assemble
