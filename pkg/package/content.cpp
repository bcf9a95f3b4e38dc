#include "pkg/package/content.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <format>

#include "pkg/archive/chunker.h"
#include "pkg/archive/parallel.h"
#include "pkg/base/error.h"

namespace cairn::package {
namespace {

using archive::ChunkSizes;
using archive::FileEntry;
using archive::FileTree;
using archive::Kind;

constexpr std::string_view factory_etc = "usr/share/factory/etc";
constexpr std::size_t buffer_size = 4 * ChunkSizes::most;

/// Where an entry of the stage is in the package.
std::string packed_path(const std::string& path) {
    const bool is_etc = path == "etc" || path.starts_with("etc/");
    return is_etc ? std::string(factory_etc) + path.substr(3) : path;
}

ContentItem make_item(const FileEntry& entry) {
    ContentItem item{.entry = entry, .source = entry.path};
    item.entry.path = packed_path(entry.path);
    if (entry.kind == Kind::hard_link) item.entry.target = packed_path(entry.target);
    return item;
}

void add_factory_directories(const FileTree& tree, Contents& contents) {
    for (const char* path : {"usr", "usr/share", "usr/share/factory"})
        if (tree.find(path) == nullptr)
            contents.push_back({.entry = FileEntry{.path = path, .kind = Kind::directory, .mode = 0755}});
}

std::vector<std::uint8_t> read_whole(const Dir& stage, const std::string& path, std::uint64_t size) {
    const Fd file = stage.open_file(path, O_RDONLY);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
    read_exactly_at(file.get(), bytes, 0, path);
    return bytes;
}

void sign_module(ContentItem& item, const Dir& stage, const ModuleSigner& signer) {
    const auto module = read_whole(stage, item.source, item.entry.size);
    item.suffix = with_context(std::format("signing kernel module '{}'", item.source), [&] {
        return crypto::make_module_signature(module, signer.signer, signer.certificate);
    });
    crypto::Blake2bHasher hasher;
    hasher.update(module);
    hasher.update(item.suffix);
    item.entry.content = hasher.finish();
    item.entry.size += item.suffix.size();
}

}  // namespace

Contents plan_contents(const FileTree& tree) {
    Contents contents;
    contents.reserve(tree.entries.size());
    for (const FileEntry& entry : tree.entries) contents.push_back(make_item(entry));
    if (tree.find("etc") != nullptr) add_factory_directories(tree, contents);
    std::ranges::stable_sort(contents, {}, [](const ContentItem& item) { return item.entry.path; });
    // The directory usr/share/factory/etc may be there already beside etc; anything else is a mistake.
    const auto is_repeated = [](const ContentItem& left, const ContentItem& right) {
        return left.entry == right.entry && left.entry.kind == Kind::directory;
    };
    const auto rest = std::ranges::unique(contents, is_repeated);
    contents.erase(rest.begin(), rest.end());
    for (std::size_t i = 1; i < contents.size(); ++i)
        if (contents[i - 1].entry.path == contents[i].entry.path)
            throw Error(std::format("cannot pack '{}': both '{}' and '{}' would be installed there",
                                    contents[i].entry.path, contents[i - 1].source, contents[i].source));
    return contents;
}

void sign_modules(Contents& contents, const Dir& stage, const ModuleSigner& signer) {
    std::vector<ContentItem*> modules;
    for (ContentItem& item : contents)
        if (item.entry.kind == Kind::file && item.entry.path.ends_with(".ko")) modules.push_back(&item);
    std::atomic<std::size_t> next = 0;
    archive::run_on_threads(archive::default_threads, [&] {
        try {
            for (std::size_t i; (i = next++) < modules.size();) sign_module(*modules[i], stage, signer);
        } catch (...) {
            next = modules.size();
            throw;
        }
    });
}

FileTree tree_of(const Contents& contents) {
    FileTree tree;
    tree.entries.reserve(contents.size());
    for (const ContentItem& item : contents) tree.entries.push_back(item.entry);
    return tree;
}

ContentCutter::ContentCutter(const Dir& stage, const Contents& contents)
    : stage_(stage), contents_(contents), buffer_(buffer_size) {}

void ContentCutter::take_next(std::vector<std::uint8_t>& chunk) {
    chunk.clear();
    if (begin_ == end_ && next_ == run_end_ && !begin_run()) return;
    fill();
    const auto waiting = std::span(buffer_).subspan(begin_, end_ - begin_);
    const std::size_t length = archive::find_cut(waiting);
    CHECK(length > 0);
    chunk.assign(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(length));
    begin_ += length;
}

/// Finds the items that are cut together: one large file, or all files up to the next large one.
bool ContentCutter::begin_run() {
    while (next_ < contents_.size() && contents_[next_].entry.size == 0) ++next_;
    run_end_ = next_;  // several threads may ask after the end
    if (next_ == contents_.size()) return false;
    ++run_end_;
    if (contents_[next_].entry.size < own_chunks_size)
        while (run_end_ < contents_.size() && contents_[run_end_].entry.size < own_chunks_size) ++run_end_;
    // A run ends with bytes, so as long as it goes on there is something to cut.
    while (contents_[run_end_ - 1].entry.size == 0) --run_end_;
    read_ = 0;
    return true;
}

/// Reads on until a cut can be decided: the largest chunk is there, or the end of the run.
void ContentCutter::fill() {
    if (end_ - begin_ >= ChunkSizes::most || next_ == run_end_) return;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    while (end_ < buffer_.size() && next_ < run_end_) {
        const std::uint64_t size = contents_[next_].entry.size;
        if (read_ < size) {
            const auto place = std::span(buffer_).subspan(end_);
            end_ += read_some(place.first(std::min<std::uint64_t>(place.size(), size - read_)));
        }
        if (read_ == size) {
            ++next_;
            read_ = 0;
        }
    }
}

void ContentCutter::open_current() {
    const ContentItem& item = contents_[next_];
    file_ = stage_.open_file(item.source, O_RDONLY);
    if (file_size(file_.get(), item.source) + item.suffix.size() != item.entry.size)
        throw Error(std::format("cannot pack '{}': it changed after it was scanned", item.source));
}

/// Reads at least one byte of the current item.
std::size_t ContentCutter::read_some(std::span<std::uint8_t> place) {
    const ContentItem& item = contents_[next_];
    if (read_ == 0) open_current();
    const std::uint64_t in_file = item.entry.size - item.suffix.size();
    std::size_t count = 0;
    if (read_ < in_file) {
        count = std::min<std::uint64_t>(place.size(), in_file - read_);
        read_exactly_at(file_.get(), place.first(count), read_, item.source);
    } else {
        const auto rest = std::span(item.suffix).subspan(read_ - in_file);
        count = std::min(place.size(), rest.size());
        std::ranges::copy(rest.first(count), place.begin());
    }
    read_ += count;
    return count;
}

}  // namespace cairn::package
