#include "installer/settings/difference.h"

#include <format>
#include <set>

namespace cairn::settings {
namespace {

class Comparer {
  public:
    std::vector<Difference> take() { return std::move(differences_); }

    /// Null stands for "not there".
    void compare(const Json* before, const Json* after, const Definition& definition,
                 const std::string& path) {
        if (before == after || (before != nullptr && after != nullptr && *before == *after)) return;
        const bool can_go_inside = before != nullptr && after != nullptr && before->is_object() &&
                                   after->is_object() && !definition.is_secret;
        if (!can_go_inside || (definition.kind != Kind::table && definition.kind != Kind::record))
            return add(before, after, definition, path);
        std::set<std::string> names;
        for (const Json* side : {before, after})
            for (const auto& [name, value] : side->items()) names.insert(name);
        for (const std::string& name : names) {
            const Definition* inner =
                definition.kind == Kind::table ? &definition.item[0] : definition.find_field(name);
            if (inner == nullptr) continue;  // an older schema's: not for people any more
            compare(find(*before, name), find(*after, name), *inner, format_step(path, name));
        }
    }

  private:
    static const Json* find(const Json& object, const std::string& name) {
        const auto found = object.find(name);
        return found == object.end() ? nullptr : &*found;
    }
    static std::optional<Json> show(const Json* value, const Definition& definition) {
        return value == nullptr ? std::nullopt : std::optional(without_secrets(*value, definition));
    }
    void add(const Json* before, const Json* after, const Definition& definition, const std::string& path) {
        differences_.push_back({path, show(before, definition), show(after, definition)});
    }

    std::vector<Difference> differences_;
};

}  // namespace

std::vector<Difference> find_differences(const Json& before, const Json& after, const Schema& schema) {
    Comparer comparer;
    for (const auto& [path, setting] : schema.settings())
        comparer.compare(find_value(before, path), find_value(after, path), setting.definition, path);
    return comparer.take();
}

std::vector<std::string> find_changed_settings(const Values& before, const Values& after,
                                               const Schema& schema) {
    std::vector<std::string> changed;
    for (const auto& [path, setting] : schema.settings()) {
        const Json* old_value = find_value(before.effective(), path);
        const Json* new_value = find_value(after.effective(), path);
        const bool is_same =
            old_value == nullptr || new_value == nullptr ? old_value == new_value : *old_value == *new_value;
        if (!is_same) changed.push_back(path);
    }
    return changed;
}

}  // namespace cairn::settings
