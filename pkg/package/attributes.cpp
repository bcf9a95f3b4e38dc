#include <algorithm>
#include <array>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/base/toml.h"
#include "pkg/package/split.h"

namespace cairn::package {
namespace {

/// Numbers of linux/capability.h, as far as a service of a device may need one.
constexpr std::array<std::pair<std::string_view, unsigned>, 12> capability_numbers = {{
    {"cap_chown", 0},
    {"cap_dac_override", 1},
    {"cap_dac_read_search", 2},
    {"cap_kill", 5},
    {"cap_setgid", 6},
    {"cap_setuid", 7},
    {"cap_net_bind_service", 10},
    {"cap_net_admin", 12},
    {"cap_net_raw", 13},
    {"cap_sys_chroot", 18},
    {"cap_sys_nice", 23},
    {"cap_sys_time", 25},
}};

void put_u32(std::string& bytes, std::uint32_t number) {
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift & 0xff);
}

/// The value of `security.capability`: struct vfs_cap_data, revision 2 (linux/capability.h).
std::string encode_capabilities(const recipe::Recipe& recipe, const std::string& text) {
    const auto fail = [&] {
        return UsageError(std::format("recipe '{}' asks for capabilities '{}'", recipe.name, text))
            .hint("write them as cap_net_raw,cap_net_admin=ep");
    };
    if (!text.ends_with("=ep")) throw fail();
    std::uint64_t mask = 0;
    for (const std::string& name : split(text.substr(0, text.size() - 3), ',')) {
        const auto at =
            std::ranges::find(capability_numbers, name, &std::pair<std::string_view, unsigned>::first);
        if (at == capability_numbers.end()) throw fail();
        mask |= std::uint64_t{1} << at->second;
    }
    std::string bytes;
    put_u32(bytes, 0x02000000 | 1);  // VFS_CAP_REVISION_2, VFS_CAP_FLAGS_EFFECTIVE
    put_u32(bytes, static_cast<std::uint32_t>(mask));
    put_u32(bytes, 0);  // inheritable
    put_u32(bytes, static_cast<std::uint32_t>(mask >> 32));
    put_u32(bytes, 0);
    return bytes;
}

unsigned find_id(const recipe::Recipe& recipe, const std::map<std::string, unsigned>& ids,
                 const std::string& name) {
    if (const auto it = ids.find(name); it != ids.end()) return it->second;
    throw UsageError(std::format("recipe '{}' names user or group '{}', which is not in images/users.toml",
                                 recipe.name, name));
}

void apply(const recipe::Recipe& recipe, const recipe::AttributeSpec& attribute, const UserTable& users,
           archive::FileEntry& entry) {
    if (attribute.owner) entry.uid = find_id(recipe, users.users, *attribute.owner);
    if (attribute.group) entry.gid = find_id(recipe, users.groups, *attribute.group);
    if (attribute.mode) entry.mode = *attribute.mode;
    if (attribute.capabilities)
        entry.xattrs = {
            {.name = "security.capability", .value = encode_capabilities(recipe, *attribute.capabilities)}};
}

std::map<std::string, unsigned> read_ids(TomlTable& root, std::string_view key) {
    std::map<std::string, unsigned> ids;
    auto table = root.find_table(key);
    if (!table) return ids;
    for (const std::string& name : table->keys())
        ids[name] = static_cast<unsigned>(table->integer_or(name, 0));
    return ids;
}

}  // namespace

UserTable read_users(const std::filesystem::path& path) {
    TomlTable root = TomlTable::read(path);
    UserTable users{.users = read_ids(root, "users"), .groups = read_ids(root, "groups")};
    root.finish();
    return users;
}

void apply_attributes(const recipe::Recipe& recipe, const UserTable& users, archive::FileTree& tree) {
    for (const recipe::AttributeSpec& attribute : recipe.attributes) {
        bool is_used = false;
        for (archive::FileEntry& entry : tree.entries) {
            if (!is_glob_match(attribute.path, entry.path) || entry.kind == archive::Kind::symlink) continue;
            apply(recipe, attribute, users, entry);
            is_used = true;
        }
        if (!is_used)
            throw UsageError(std::format("attributes of recipe '{}' name '{}', which matches no staged file",
                                         recipe.name, attribute.path));
    }
}

}  // namespace cairn::package
