#include "pkg/sandbox/hidden_folders.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <format>
#include <map>
#include <memory>
#include <set>

#include "pkg/sandbox/tools.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view folder_options = "mode=0755,size=16m";

// /usr/bin is covered too, by the tools' own steps.
constexpr auto always_hidden = std::to_array<std::string_view>(
    {"/usr/sbin", "/usr/games", "/usr/local", "/usr/include", "/usr/src", "/usr/lib/cmake",
     "/usr/lib/pkgconfig", "/usr/share/aclocal", "/usr/share/cmake", "/usr/share/pkgconfig",
     "/usr/lib/python3/dist-packages"});

// Development files of libraries lie in a folder named after the architecture.
bool is_hidden_below_lib(const fs::path& parent, std::string_view name) {
    const bool is_other_llvm = parent.filename().string().starts_with("llvm-") &&
                               parent.filename() != std::format("llvm-{}", llvm_version);
    if (is_other_llvm) return name == "bin" || name == "include" || name == "cmake";
    const bool is_architecture = parent.filename().string().contains("-linux-gnu");
    return is_architecture && (name == "cmake" || name == "pkgconfig");
}

std::vector<std::string> find_hidden() {
    std::set<std::string> found;
    for (std::string_view folder : always_hidden)
        if (fs::is_directory(fs::symlink_status(folder))) found.emplace(folder);
    for (const auto& parent : fs::directory_iterator("/usr/lib")) {
        if (!parent.is_directory() || parent.is_symlink()) continue;
        for (const char* name : {"bin", "cmake", "include", "pkgconfig"})
            if (is_hidden_below_lib(parent.path(), name) &&
                fs::is_directory(fs::symlink_status(parent.path() / name)))
                found.insert((parent.path() / name).string());
    }
    return {found.begin(), found.end()};
}

/// The files that come back, as a tree.
struct Node {
    std::map<std::string, Node> children;
};

void insert(Node& root, const fs::path& relative) {
    Node* node = &root;
    for (const fs::path& part : relative) node = &node->children[part.string()];
}

// Python writes these beside the sources of a package; no package lists them.
bool is_compiled_python(std::string_view name) {
    return name == "__pycache__";
}

// True when the host has nothing in this folder but what comes back: then one mount brings it all.
bool is_whole(const fs::path& folder, const Node& node) {
    return std::ranges::all_of(fs::directory_iterator(folder), [&](const fs::directory_entry& entry) {
        const std::string name = entry.path().filename().string();
        const auto child = node.children.find(name);
        if (child == node.children.end()) return is_compiled_python(name);
        if (entry.is_symlink() || !entry.is_directory()) return true;
        return is_whole(entry.path(), child->second);
    });
}

void plan_content(const fs::path& folder, const Node& node, std::vector<Step>& steps) {
    const auto inside = [](const fs::path& path) { return std::string(new_root) + path.string(); };
    const auto outside = [](const fs::path& path) { return std::string(old_root) + path.string(); };
    for (const auto& [name, child] : node.children) {
        const fs::path path = folder / name;
        const fs::file_status status = fs::symlink_status(path);
        if (fs::is_symlink(status)) {
            steps.push_back({Step::Kind::link, inside(path), fs::read_symlink(path).string()});
        } else if (fs::is_directory(status)) {
            steps.push_back({Step::Kind::directory, inside(path)});
            if (is_whole(path, child))
                steps.push_back({Step::Kind::bind, inside(path), outside(path)});
            else
                plan_content(path, child, steps);
        } else if (fs::is_regular_file(status)) {
            steps.push_back({Step::Kind::bind_file, inside(path), outside(path)});
        }
    }
}

}  // namespace

void plan_hidden_folders(const std::vector<std::string>& files, std::vector<Step>& steps) {
    for (const std::string& folder : find_hidden()) {
        steps.push_back({Step::Kind::tmpfs, std::string(new_root) + folder, std::string(folder_options)});
        Node root;
        for (const std::string& file : files)
            if (file.starts_with(folder + "/")) insert(root, file.substr(folder.size() + 1));
        plan_content(folder, root, steps);
    }
}

}  // namespace cairn::sandbox
