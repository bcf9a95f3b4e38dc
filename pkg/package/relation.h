#pragma once

#include <string>
#include <string_view>

/// Relations between packages.
namespace cairn::package {

/// `name` or `name OP version` with OP one of = < <= > >=. The name is a package name, or `so:<file name>`
/// for a shared library that ELF files ask for.
struct Relation {
    enum class Operator { any, equal, less, less_or_equal, greater, greater_or_equal };
    std::string name;
    Operator op = Operator::any;
    std::string version;  // empty for `any`
    bool operator==(const Relation&) const = default;
};

/// Throws VerifyError unless the text is of that form, with single blanks around the operator.
Relation parse_relation(std::string_view text);

/// True when something called `name` of version `version` (empty: without one) is what the relation asks for.
/// What has no version fulfils only relations that name none.
bool is_fulfilled(const Relation& relation, std::string_view name, std::string_view version);

}  // namespace cairn::package
