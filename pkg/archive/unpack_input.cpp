#include "pkg/archive/unpack_input.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <format>
#include <string_view>
#include <thread>

#include "pkg/base/error.h"

namespace cairn::archive {
namespace {

constexpr std::size_t block_size = 256 * 1024;
constexpr std::string_view xz_magic(
    "\xFD"
    "7zXZ",
    5);
constexpr std::string_view debian_magic = "!<arch>\ndebian-binary";

std::string read_start(int fd) {
    std::string start(32, '\0');
    const ssize_t count = ::pread(fd, start.data(), start.size(), 0);
    start.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return start;
}

/// libarchive's read callback on the current entry of another archive.
la_ssize_t read_from_outer(struct ::archive* inner, void* outer_pointer, const void** buffer) {
    auto* outer = static_cast<struct ::archive*>(outer_pointer);
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int result = archive_read_data_block(outer, buffer, &size, &offset);
    if (result == ARCHIVE_EOF) return 0;
    if (result >= ARCHIVE_WARN) return static_cast<la_ssize_t>(size);
    archive_set_error(inner, archive_errno(outer), "%s", archive_error_string(outer));
    return -1;
}

}  // namespace

void UnpackInput::FreeReader::operator()(struct ::archive* reader) const {
    archive_read_free(reader);
}

UnpackInput::Reader UnpackInput::make_reader(Content content) {
    Reader reader(archive_read_new());
    CHECK(reader != nullptr);
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_bzip2(reader.get());
    archive_read_support_filter_xz(reader.get());
    archive_read_support_filter_lzma(reader.get());
    archive_read_support_filter_zstd(reader.get());
    if (content == Content::raw) {
        archive_read_support_format_raw(reader.get());
        archive_read_support_format_empty(reader.get());
        return reader;
    }
    // Not cpio: libarchive takes as much memory as a header there says that a name is long, 4 GiB or more.
    archive_read_support_format_tar(reader.get());
    archive_read_support_format_gnutar(reader.get());
    archive_read_support_format_zip(reader.get());
    return reader;
}

UnpackInput::UnpackInput(std::filesystem::path file, Content content)
    : file_(std::move(file)),
      fd_(open_file(file_, O_RDONLY)),
      compressed_size_(file_size(fd_.get(), file_.string())),
      reader_(make_reader(content)) {
    const std::string start = read_start(fd_.get());
    if (content == Content::archive && start.starts_with(debian_magic)) {
        open_debian_package();
    } else if (start.starts_with(xz_magic) && compressed_size_ > (1 << 20) && find_program("xz")) {
        open_xz();
    } else if (archive_read_open_fd(reader_.get(), fd_.get(), block_size) != ARCHIVE_OK) {
        fail();
    }
}

void UnpackInput::open_xz() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make a pipe");
    const Fd write_end(ends[1]);
    const Fd input = std::exchange(fd_, Fd(ends[0]));
    // The largest pipe an ordinary user gets: fewer switches between the two processes. Refusal costs speed
    // only.
    ::fcntl(fd_.get(), F_SETPIPE_SZ, 1 << 20);
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
    child_ =
        Child::start({.arguments = {"xz", "--decompress", "--stdout", "-qq", std::format("-T{}", threads)},
                      .environment = {"XZ_OPT=", "XZ_DEFAULTS=", "LC_ALL=C"}},
                     {{input.get(), 0}, {write_end.get(), 1}});
    if (archive_read_open_fd(reader_.get(), fd_.get(), block_size) != ARCHIVE_OK) fail();
}

void UnpackInput::open_debian_package() {
    package_.reset(archive_read_new());
    archive_read_support_format_ar(package_.get());
    if (archive_read_open_fd(package_.get(), fd_.get(), block_size) != ARCHIVE_OK)
        throw VerifyError(
            std::format("cannot unpack '{}': {}", file_.string(), archive_error_string(package_.get())));
    struct archive_entry* entry = nullptr;
    while (archive_read_next_header(package_.get(), &entry) >= ARCHIVE_WARN) {
        const char* name = archive_entry_pathname(entry);
        if (name == nullptr || !std::string_view(name).starts_with("data.tar")) continue;
        if (archive_read_open(reader_.get(), package_.get(), nullptr, &read_from_outer, nullptr) !=
            ARCHIVE_OK)
            fail();
        return;
    }
    throw VerifyError(std::format("cannot unpack '{}': the Debian package has no data tree", file_.string()));
}

void UnpackInput::fail() const {
    const char* text = archive_error_string(reader_.get());
    throw VerifyError(
        std::format("cannot unpack '{}': {}", file_.string(), text == nullptr ? "not an archive" : text));
}

void UnpackInput::finish() {
    if (!child_) return;
    // Padding after the end of the archive: the child must not die of a closed pipe before it has checked it
    // all.
    std::array<std::uint8_t, 65536> rest;
    while (read_up_to(fd_.get(), rest, file_.string()) > 0) {
    }
    const int status = child_->wait();
    if (status != 0)
        throw VerifyError(
            std::format("cannot unpack '{}': xz found it damaged (status {})", file_.string(), status));
}

}  // namespace cairn::archive
