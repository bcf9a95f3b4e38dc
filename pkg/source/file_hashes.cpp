#include "pkg/source/file_hashes.h"

#include <chrono>
#include <format>
#include <sstream>

#include "pkg/base/atomic_file.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::source {
namespace {

constexpr std::int64_t second = 1'000'000'000;

std::int64_t to_nanoseconds(const timespec& time) {
    return time.tv_sec * second + time.tv_nsec;
}

std::int64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return to_nanoseconds(time);
}

}  // namespace

FileHashes::FileHashes(const std::filesystem::path& cache, const std::filesystem::path& directory)
    : directory_(directory),
      record_(cache / "file-hashes" / crypto::hash_blake2b(directory.string()).to_hex().substr(0, 32)) {
    read();
}

/// Lines "hash inode size modified changed path".
void FileHashes::read() {
    std::istringstream text(find_file(record_).value_or(""));
    std::string hash;
    std::string path;
    Entry entry;
    while (text >> hash >> entry.inode >> entry.size >> entry.modified >> entry.changed &&
           text.get() == ' ' && std::getline(text, path)) {
        const auto content = crypto::find_hash(hash);
        if (!content) return entries_.clear();
        entry.content = *content;
        entries_.insert_or_assign(path, entry);
    }
}

FileHashes::Entry FileHashes::to_entry(const struct stat& status) {
    return {.inode = status.st_ino,
            .size = status.st_size,
            .modified = to_nanoseconds(status.st_mtim),
            .changed = to_nanoseconds(status.st_ctim)};
}

crypto::Hash FileHashes::hash_of(const std::string& path, const struct stat& status) {
    Entry entry = to_entry(status);
    if (const auto known = entries_.find(path); known != entries_.end()) {
        const Entry& old = known->second;
        if (old.inode == entry.inode && old.size == entry.size && old.modified == entry.modified &&
            old.changed == entry.changed)
            return old.content;
    }
    const bool is_settled = entry.changed + second < now();
    entry.content = crypto::hash_file_blake2b(directory_ / path);
    if (is_settled && !path.contains('\n')) {
        entries_.insert_or_assign(path, entry);
        is_changed_ = true;
    }
    return entry.content;
}

void FileHashes::save() const {
    if (!is_changed_) return;
    make_directories(record_.parent_path());
    std::string text;
    for (const auto& [path, entry] : entries_)
        text += std::format("{} {} {} {} {} {}\n", entry.content.to_hex(), entry.inode, entry.size,
                            entry.modified, entry.changed, path);
    AtomicFile file(record_);
    file.write(text);
    file.commit(AtomicFile::Durability::unsynced);
}

}  // namespace cairn::source
