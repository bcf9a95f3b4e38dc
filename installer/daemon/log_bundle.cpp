#include "installer/daemon/log_bundle.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <span>
#include <thread>

#include "installer/daemon/service_logs.h"
#include "pkg/archive/tar_writer.h"
#include "pkg/archive/zstd.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"

namespace cairn::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file = std::uint64_t{2} << 20;
constexpr std::uint64_t most_content = std::uint64_t{64} << 20;
constexpr std::size_t piece = std::size_t{256} << 10;  // of the archive, becomes one frame

/// What is never shown: the settings as they are, with their secrets.
bool is_private(const fs::path& path) {
    const std::string name = path.filename();
    return name.starts_with("settings");
}

struct Source {
    std::string name;  // in the archive
    fs::path path;
};

std::vector<Source> find_sources(const fs::path& root) {
    std::vector<Source> sources = {{"boots", root / "var/lib/cairn/boots"},
                                   {"denied.json", root / "var/lib/cairn/update/denied.json"},
                                   {"release.json", root / "usr/lib/cairn/release.json"}};
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(root / "run/cairn", ignored))
        if (entry.is_regular_file(ignored) && !is_private(entry.path()))
            sources.push_back({"run/" + entry.path().filename().string(), entry.path()});
    for (const std::string& service : find_logged_services(root))
        for (const fs::path& file : find_log_files(root, service))
            sources.push_back({std::format("log/{}/{}", service, file.filename().string()), file});
    return sources;
}

/// The archive on its way into a pipe.
class Bundle {
  public:
    Bundle(const BundleRequest& request, int fd)
        : request_(request), tar_(fd, "the bundle", static_cast<std::uint64_t>(request.time)) {}

    void write() {
        for (const auto& [name, text] : request_.texts) add(name, text);
        std::string missing;
        for (const Source& source : find_sources(request_.root))
            if (const std::string why = try_add(source); !why.empty())
                missing += std::format("{}: {}\n", source.path.string(), why);
        if (!missing.empty()) add("missing.txt", missing);
        tar_.finish();
    }

  private:
    /// Why it was left out; empty: it is there, or there never was such a file.
    std::string try_add(const Source& source) {
        std::optional<std::string> text;
        try {
            text = find_file(source.path, largest_file);
        } catch (const Error& error) {
            return error.message();
        }
        if (!text) return {};
        if (content_ + text->size() > most_content) return "the bundle would grow too large";
        add(source.name, *text);
        return {};
    }

    void add(const std::string& name, std::string_view text) {
        content_ += text.size();
        tar_.add({.path = request_.folder + "/" + name, .mode = 0644, .size = text.size()});
        tar_.write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    }

    const BundleRequest& request_;
    archive::TarWriter tar_;
    std::uint64_t content_ = 0;
};

struct JoinedThread {
    std::thread thread = {};
    JoinedThread() = default;
    JoinedThread(const JoinedThread&) = delete;
    JoinedThread& operator=(const JoinedThread&) = delete;
    ~JoinedThread() {
        if (thread.joinable()) thread.join();
    }
};

std::array<Fd, 2> make_pipe() {
    std::array<int, 2> ends = {};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make a pipe");
    return {Fd(ends[0]), Fd(ends[1])};
}

/// Compresses what comes out of the pipe. False when the reader is gone.
bool pass_on(int fd, const api::Write& write) {
    archive::ZstdCompressor compressor;
    std::vector<std::uint8_t> plain(piece);
    std::vector<std::uint8_t> packed;
    while (const std::size_t size = read_up_to(fd, plain, "the bundle")) {
        compressor.compress(std::span(plain).first(size), packed);
        if (!write({reinterpret_cast<const char*>(packed.data()), packed.size()})) return false;
    }
    return true;
}

}  // namespace

bool write_bundle(const BundleRequest& request, const api::Write& write) {
    std::exception_ptr failure;
    JoinedThread writer;
    auto [output, input] = make_pipe();  // closed before the writer is waited for
    // The archive's writer needs a descriptor. When the reader is gone it writes into a closed pipe, which
    // throws.
    writer.thread = std::thread([&request, &failure, end = std::move(input)]() mutable {
        try {
            Bundle(request, end.get()).write();
        } catch (...) {
            failure = std::current_exception();
        }
        end.reset();
    });
    if (!pass_on(output.get(), write)) return false;
    writer.thread.join();
    if (failure) std::rethrow_exception(failure);
    return true;
}

}  // namespace cairn::daemon
