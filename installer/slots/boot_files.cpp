#include "installer/slots/boot_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/text.h"

namespace cairn::slots {

namespace {

constexpr std::string_view staged_suffix = ".staged";
constexpr std::string_view unfinished_suffix = ".part";
constexpr std::size_t block_size = 256 * 1024;

std::string uncounted_name(const ImageVersion& image) {
    return layout::to_text({.name = image.name, .version = image.version});
}
std::string counted_name(const ImageVersion& image, const layout::TryCounter& tries) {
    return layout::to_text({.name = image.name, .version = image.version, .counter = tries});
}

/// As FAT sees it: names that differ only in case are one name.
bool is_same_on_fat(const ImageVersion& one, const ImageVersion& other) {
    return to_lower(uncounted_name(one)) == to_lower(uncounted_name(other));
}

std::optional<BootFile> find_kind(std::span<const BootFile> files, const ImageVersion& image,
                                  BootFileKind kind) {
    for (const BootFile& file : files)
        if (file.image == image && file.kind == kind) return file;
    return std::nullopt;
}

/// The next bytes of a file, fewer only at its end.
std::span<const std::uint8_t> read_block(int fd, std::span<std::uint8_t> block, const std::string& name) {
    return block.first(read_up_to(fd, block, name));
}

}  // namespace

std::string to_text(const ImageVersion& image) {
    return std::format("{} {}", image.name, image.version);
}
std::string staged_name(const ImageVersion& image) {
    return uncounted_name(image).append(staged_suffix);
}
std::string unfinished_name(const ImageVersion& image) {
    return uncounted_name(image).append(unfinished_suffix);
}

std::optional<BootFile> find_boot_file(std::string_view file) {
    BootFile found = {.file = std::string(file)};
    std::string_view rest = file;
    if (file.ends_with(staged_suffix)) {
        found.kind = BootFileKind::staged;
        rest.remove_suffix(staged_suffix.size());
    } else if (file.ends_with(unfinished_suffix)) {
        found.kind = BootFileKind::unfinished;
        rest.remove_suffix(unfinished_suffix.size());
    }
    const auto name = layout::find_boot_file_name(rest);
    if (!name) return std::nullopt;
    found.image = {.name = name->name, .version = name->version};
    if (!name->counter) return found;
    if (found.kind != BootFileKind::uncounted) return std::nullopt;  // we make no such name
    found.kind = BootFileKind::on_trial;
    found.counter = name->counter;
    return found;
}

std::optional<BootFile> find_on_trial(std::span<const BootFile> files, const ImageVersion& image) {
    std::optional<BootFile> best;
    for (const BootFile& file : files)
        if (file.image == image && file.kind == BootFileKind::on_trial &&
            (!best || best->counter->done < file.counter->done))
            best = file;
    return best;
}

std::optional<BootFile> find_known_good(std::span<const BootFile> files, const ImageVersion& image) {
    const auto found = find_kind(files, image, BootFileKind::uncounted);
    if (!found || found->size == 0 || find_on_trial(files, image)) return std::nullopt;
    return found;
}

std::vector<ImageVersion> known_good_besides(std::span<const BootFile> files, const ImageVersion& image) {
    std::vector<ImageVersion> result;
    for (const BootFile& file : files)
        if (file.kind == BootFileKind::uncounted && file.image != image && find_known_good(files, file.image))
            result.push_back(file.image);
    return result;
}

std::vector<BootFile> BootFiles::list() const {
    std::vector<BootFile> files;
    for (const std::string& name : folder_.names("")) {
        auto file = find_boot_file(name);
        const auto status = file ? folder_.find_status(name) : std::nullopt;
        if (!status || !S_ISREG(status->st_mode)) continue;
        file->size = static_cast<std::uint64_t>(status->st_size);
        files.push_back(std::move(*file));
    }
    return files;
}

Fd BootFiles::open(const BootFile& file) const {
    return folder_.open_file(file.file, O_RDONLY);
}

void BootFiles::stage(const ImageVersion& image, const std::function<void(int fd)>& write) {
    for (const BootFile& file : list())
        if ((file.kind == BootFileKind::uncounted || file.kind == BootFileKind::on_trial) &&
            is_same_on_fat(file.image, image))
            throw UsageError(
                std::format("cannot stage '{}': '{}' is there already", to_text(image), file.file));
    write_unfinished(image, write);
    remove_kind(image, BootFileKind::staged);
    rename_to_new(unfinished_name(image), staged_name(image));
}

void BootFiles::put_on_trial(const ImageVersion& image) {
    const auto files = list();
    const auto trial = find_on_trial(files, image);
    if (trial && trial->size == 0) remove_kind(image, BootFileKind::on_trial);
    if (!trial || trial->size == 0) {
        const auto staged = find_kind(files, image, BootFileKind::staged);
        if (!staged || staged->size == 0)
            throw UsageError(std::format("cannot put '{}' on trial: it is not staged", to_text(image)));
        rename_to_new(staged->file, counted_name(image, layout::first_tries));
    }
    remove_kind(image, BootFileKind::staged);
}

void BootFiles::take_back(const ImageVersion& image) {
    const auto trial = find_on_trial(list(), image);
    if (!trial || trial->counter->done != 0)
        throw UsageError(std::format("cannot take '{}' back: {}", to_text(image),
                                     trial ? "it was tried already" : "it is not on trial"));
    remove_kind(image, BootFileKind::staged);
    rename_to_new(trial->file, staged_name(image));
}

void BootFiles::set_tries(const ImageVersion& image, const layout::TryCounter& tries) {
    const std::string name = counted_name(image, tries);
    const auto files = list();
    const auto trial = find_on_trial(files, image);
    if (!trial)
        throw UsageError(std::format("cannot count a try of '{}': it is not on trial", to_text(image)));
    if (trial->file != name) rename_to_new(trial->file, name);
    // A second counted file, from a rename that was cut, would give back tries that were done.
    for (const BootFile& file : files)
        if (file.image == image && file.kind == BootFileKind::on_trial && file.file != name &&
            file.file != trial->file)
            remove_files({&file, 1});
}

void BootFiles::mark_good(const ImageVersion& image) {
    const auto files = list();
    if (find_known_good(files, image)) return;
    const auto trial = find_on_trial(files, image);
    if (!trial || trial->size == 0)
        throw UsageError(std::format("cannot mark '{}' good: it has no boot file", to_text(image)));
    const std::string good = uncounted_name(image);

    // Until the last line the counted file is the one that counts: an uncounted one beside it is what an
    // earlier call left, and may be less than whole.
    if (find_kind(files, image, BootFileKind::uncounted) && !has_same_content(*trial, good))
        remove_kind(image, BootFileKind::uncounted);
    if (!folder_.find_status(good)) {
        write_unfinished(image, [&](int fd) { copy(*trial, fd); });
        rename_to_new(unfinished_name(image), good);
    }
    if (!has_same_content(*trial, good))
        throw VerifyError(std::format("cannot mark '{}' good: '{}' reads back different from '{}'",
                                      to_text(image), good, trial->file))
            .hint("the disk may be failing; the version stays on trial");
    remove_kind(image, BootFileKind::on_trial);
}

void BootFiles::remove(const ImageVersion& image) {
    const auto files = list();
    if (known_good_besides(files, image).empty())
        throw UsageError(std::format(
            "cannot remove the boot files of '{}': no other version is known to be good", to_text(image)));
    // Stopped after the first, what is left is a version on trial, which cannot pass for a good one.
    for (const auto kind :
         {BootFileKind::uncounted, BootFileKind::on_trial, BootFileKind::staged, BootFileKind::unfinished})
        remove_kind(image, kind);
}

void BootFiles::clean_up() {
    auto files = list();
    std::erase_if(
        files, [](const BootFile& file) { return file.kind != BootFileKind::unfinished && file.size != 0; });
    remove_files(files);
}

void BootFiles::write_unfinished(const ImageVersion& image, const std::function<void(int fd)>& write) {
    remove_kind(image, BootFileKind::unfinished);
    const std::string name = unfinished_name(image);
    const Fd fd = folder_.open_file(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    write(fd.get());
    sync_fd(fd.get(), name);
    sync();
}

/// Never over another file: the kernel refuses that itself.
void BootFiles::rename_to_new(const std::string& from, const std::string& to) {
    folder_.move_to(from, folder_, to, Dir::Overwrite::never);
    sync();
}

void BootFiles::remove_files(std::span<const BootFile> files) {
    for (const BootFile& file : files) {
        folder_.remove_file(file.file);
        sync();
    }
}

void BootFiles::remove_kind(const ImageVersion& image, BootFileKind kind) {
    auto files = list();
    std::erase_if(files, [&](const BootFile& file) { return file.image != image || file.kind != kind; });
    remove_files(files);
}

void BootFiles::copy(const BootFile& from, int to) const {
    const Fd fd = open(from);
    std::vector<std::uint8_t> block(block_size);
    for (auto bytes = read_block(fd.get(), block, from.file); !bytes.empty();
         bytes = read_block(fd.get(), block, from.file))
        write_all(to, bytes, unfinished_name(from.image));
}

bool BootFiles::has_same_content(const BootFile& one, const std::string& other) const {
    const std::array files = {open(one), folder_.open_file(other, O_RDONLY)};
    // What was synced is dropped from memory, so that the disk is read and not what we remember of it.
    for (const Fd& fd : files) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
    std::array<std::vector<std::uint8_t>, 2> blocks = {std::vector<std::uint8_t>(block_size),
                                                       std::vector<std::uint8_t>(block_size)};
    while (true) {
        const auto left = read_block(files[0].get(), blocks[0], one.file);
        const auto right = read_block(files[1].get(), blocks[1], other);
        if (!std::ranges::equal(left, right)) return false;
        if (left.empty()) return true;
    }
}

void BootFiles::sync() const {
    if (::syncfs(folder_.fd()) != 0) throw SystemError(std::format("cannot sync '{}'", folder_.name()));
}

}  // namespace cairn::slots
