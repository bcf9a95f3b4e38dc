#include "pkg/package/relation.h"

#include <algorithm>
#include <array>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/version_order.h"
#include "pkg/package/identity.h"

namespace cairn::package {
namespace {

bool is_library(std::string_view name) {
    if (!name.starts_with("so:") || name.size() == 3 || name.size() > 258) return false;
    return std::ranges::all_of(name.substr(3),
                               [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '/'; });
}

}  // namespace

Relation parse_relation(std::string_view text) {
    using enum Relation::Operator;
    static constexpr std::array<std::pair<std::string_view, Relation::Operator>, 5> operators = {
        {{"=", equal}, {"<", less}, {"<=", less_or_equal}, {">", greater}, {">=", greater_or_equal}}};
    const std::size_t first = text.find(' ');
    Relation relation{.name = std::string(text.substr(0, first))};
    bool is_valid = is_package_name(relation.name) || is_library(relation.name);
    if (first != std::string_view::npos) {
        const std::string_view rest = text.substr(first + 1);
        const std::size_t second = std::min(rest.find(' '), rest.size());
        const auto found =
            std::ranges::find(operators, rest.substr(0, second), [](const auto& pair) { return pair.first; });
        relation.version = second == rest.size() ? "" : std::string(rest.substr(second + 1));
        is_valid = is_valid && found != operators.end() && is_version(relation.version);
        if (is_valid) relation.op = found->second;
    }
    if (!is_valid)
        throw VerifyError(
            std::format("'{}' is not a relation: 'name' or 'name >= version' is expected", text));
    return relation;
}

bool is_fulfilled(const Relation& relation, std::string_view name, std::string_view version) {
    using enum Relation::Operator;
    if (relation.name != name) return false;
    if (relation.op == any) return true;
    if (version.empty()) return false;
    const auto order = compare_versions(version, relation.version);
    switch (relation.op) {
        case any:
            return true;
        case equal:
            return order == 0;
        case less:
            return order < 0;
        case less_or_equal:
            return order <= 0;
        case greater:
            return order > 0;
        case greater_or_equal:
            return order >= 0;
    }
    fail_check("Operator", __FILE__, __LINE__);
}

}  // namespace cairn::package
