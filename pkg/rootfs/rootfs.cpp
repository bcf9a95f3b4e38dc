#include "pkg/rootfs/rootfs.h"

#include <algorithm>
#include <format>
#include <map>

#include "pkg/archive/tar_writer.h"
#include "pkg/base/error.h"
#include "pkg/package/dependencies.h"

namespace cairn::rootfs {
namespace {

using archive::FileEntry;
using archive::Kind;
using package::Identity;
using package::PackageReader;

std::vector<const Identity*> identities_of(const std::vector<PackageReader>& packages) {
    std::vector<const Identity*> identities;
    for (const PackageReader& package : packages) identities.push_back(&package.identity());
    return identities;
}

void check_relations(const std::vector<PackageReader>& packages) {
    const auto identities = identities_of(packages);
    for (const auto& missing : package::find_missing_dependencies(identities))
        throw UsageError(std::format("package '{}' needs '{}', which no package of this root provides",
                                     missing.package, missing.relation))
            .hint("add a package that provides it, or take it out of the recipe's \"depends\"");
    for (const Identity* one : identities)
        for (const std::string& conflict : one->conflicts)
            for (const Identity* other : identities)
                if (other != one && package::fulfils(*other, conflict))
                    throw UsageError(
                        std::format("packages '{}' and '{}' cannot be in one root: the first conflicts "
                                    "with '{}'",
                                    one->name, other->name, conflict));
}

/// Gathers entries by path and refuses what does not fit together.
class Layout {
  public:
    explicit Layout(const std::vector<PackageReader>& packages) : packages_(packages) {
        std::size_t count = 0;
        for (const PackageReader& package : packages) count += package.files().entries.size();
        entries_.reserve(count);
    }

    void add_package(std::size_t index) {
        for (const FileEntry& entry : packages_[index].files().entries) entries_.push_back({entry, index});
    }

    void add_extra(const ExtraFile& extra) {
        if (!archive::is_packable_path(extra.path))
            throw UsageError(std::format("'{}' is not a path that a root can hold", extra.path));
        entries_.push_back({FileEntry{.path = extra.path,
                                      .mode = extra.mode,
                                      .uid = extra.uid,
                                      .gid = extra.gid,
                                      .size = extra.content.size(),
                                      .content = crypto::hash_blake2b(extra.content)},
                            RootEntry::from_extra});
        extra_parents_.push_back(extra.path);
    }

    std::vector<RootEntry> finish() {
        sort_and_unite();
        if (add_missing_parents()) sort_and_unite();
        check();
        return std::move(entries_);
    }

  private:
    /// Entries with one path become one, or are refused. Stable: the first package's entry stays.
    void sort_and_unite() {
        std::ranges::stable_sort(entries_, {},
                                 [](const RootEntry& e) -> const std::string& { return e.entry.path; });
        std::size_t last = 0;
        for (std::size_t i = 1; i < entries_.size(); ++i) {
            if (entries_[last].entry.path == entries_[i].entry.path)
                unite(entries_[last], entries_[i]);
            else if (++last != i)
                entries_[last] = std::move(entries_[i]);
        }
        if (!entries_.empty()) entries_.resize(last + 1);
    }

    void unite(const RootEntry& first, const RootEntry& second) const {
        const bool both_directories =
            first.entry.kind == Kind::directory && second.entry.kind == Kind::directory;
        if (first.entry == second.entry && both_directories) return;
        UsageError error(both_directories
                             ? std::format("{} and {} give the directory '{}' different owners or modes",
                                           name_of(first), name_of(second), first.entry.path)
                             : std::format("{} and {} both claim '{}'", name_of(first), name_of(second),
                                           first.entry.path));
        if (both_directories) {
            error.detail(name_of(first), describe(first.entry));
            error.detail(name_of(second), describe(second.entry));
        } else {
            error.hint("one of their recipes must leave it out, or the image must not have both");
        }
        throw error;
    }

    /// Packages bring their directories; extra files may be put where no package has one.
    bool add_missing_parents() {
        std::map<std::string, bool> missing;
        for (const std::string& path : extra_parents_)
            for (std::size_t slash = path.find('/'); slash != std::string::npos;
                 slash = path.find('/', slash + 1))
                if (find(path.substr(0, slash)) == nullptr) missing[path.substr(0, slash)] = true;
        for (const auto& [path, unused] : missing)
            entries_.push_back(
                {FileEntry{.path = path, .kind = Kind::directory, .mode = 0755}, RootEntry::from_extra});
        return !missing.empty();
    }

    /// A package alone is a whole tree; together, one's file may be where another's directory would have to
    /// be. That is found here: an entry whose parent is no directory.
    void check() const {
        for (const RootEntry& entry : entries_) {
            const std::size_t slash = entry.entry.path.rfind('/');
            if (slash == std::string::npos) continue;
            const RootEntry* parent = find(entry.entry.path.substr(0, slash));
            if (parent == nullptr || parent->entry.kind != Kind::directory)
                throw UsageError(std::format(
                    "{} puts '{}' into '{}', which is no directory in {}", name_of(entry), entry.entry.path,
                    entry.entry.path.substr(0, slash), parent == nullptr ? "this root" : name_of(*parent)));
        }
    }

    const RootEntry* find(std::string_view path) const {
        const auto place = std::ranges::lower_bound(
            entries_, path, {}, [](const RootEntry& entry) { return std::string_view(entry.entry.path); });
        return place != entries_.end() && place->entry.path == path ? &*place : nullptr;
    }

    std::string name_of(const RootEntry& entry) const {
        if (entry.package == RootEntry::from_extra) return "an extra file";
        return std::format("package '{}'", packages_[entry.package].identity().name);
    }

    static std::string describe(const FileEntry& entry) {
        return std::format("{}:{} {:04o}", entry.uid, entry.gid, entry.mode);
    }

    const std::vector<PackageReader>& packages_;
    std::vector<RootEntry> entries_;
    std::vector<std::string> extra_parents_;
};

}  // namespace

const RootEntry* RootTree::find(std::string_view path) const {
    const auto place = std::ranges::lower_bound(
        entries_, path, {}, [](const RootEntry& entry) { return std::string_view(entry.entry.path); });
    return place != entries_.end() && place->entry.path == path ? &*place : nullptr;
}

std::uint64_t RootTree::content_size() const {
    std::uint64_t sum = 0;
    for (const RootEntry& entry : entries_) sum += entry.entry.size;
    return sum;
}

RootTree lay_out_root(std::vector<PackageReader> packages, const std::vector<ExtraFile>& extra_files) {
    check_relations(packages);
    Layout layout(packages);
    for (std::size_t i = 0; i < packages.size(); ++i) layout.add_package(i);
    for (const ExtraFile& extra : extra_files) layout.add_extra(extra);
    RootTree root;
    root.entries_ = layout.finish();
    root.packages_ = std::move(packages);
    for (const ExtraFile& extra : extra_files) root.extra_contents_.emplace_back(extra.path, extra.content);
    std::ranges::sort(root.extra_contents_);
    return root;
}

RootContent::RootContent(const RootTree& root) : root_(&root) {
    for (const PackageReader& package : root.packages())
        readers_.push_back(std::make_unique<package::ContentReader>(package));
}

void RootContent::read(const RootEntry& entry, const Sink& sink) {
    if (entry.package != RootEntry::from_extra) {
        const archive::FileEntry* own = root_->packages()[entry.package].files().find(entry.entry.path);
        CHECK(own != nullptr);
        readers_[entry.package]->read(*own, sink);
        return;
    }
    const auto place =
        std::ranges::lower_bound(root_->extra_contents_, entry.entry.path, {},
                                 [](const auto& pair) -> const std::string& { return pair.first; });
    CHECK(place != root_->extra_contents_.end() && place->first == entry.entry.path);
    sink({reinterpret_cast<const std::uint8_t*>(place->second.data()), place->second.size()});
}

std::string RootContent::read_whole(const RootEntry& entry, std::uint64_t limit) {
    std::string content;
    read(entry, [&](std::span<const std::uint8_t> part) {
        if (content.size() + part.size() > limit)
            throw VerifyError(
                std::format("cannot use '{}': it is larger than {} bytes", entry.entry.path, limit));
        content.append(part.begin(), part.end());
    });
    return content;
}

void write_tar(const RootTree& root, int fd, const std::string& name, std::uint64_t time) {
    archive::TarWriter tar(fd, name, time);
    RootContent content(root);
    for (const RootEntry& entry : root.entries()) {
        tar.add(entry.entry);
        if (entry.entry.kind == Kind::file)
            content.read(entry, [&](std::span<const std::uint8_t> part) { tar.write(part); });
    }
    tar.finish();
}

}  // namespace cairn::rootfs
