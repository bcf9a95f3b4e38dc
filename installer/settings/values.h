#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "installer/settings/schema.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"

/// What the settings are: a JSON document that holds what people have set, checked as a whole against the
/// schema. What it leaves out has the schema's default, or no value.
namespace cairn::settings {

/// One thing that is not allowed.
struct Violation {
    std::string path;     // `network.interfaces.lan0.mtu`, `api.clients[0].role`
    std::string value;    // as JSON, shortened; "(secret)" for a secret, empty where there is none to show
    std::string why;      // "is too large"
    std::string allowed;  // "an integer from 68 to 9216"
    bool operator==(const Violation&) const = default;
};

/// In one line: path, value, why, and what is allowed.
std::string describe(const Violation& violation);

/// A document that the schema does not allow; nothing of it is taken.
class InvalidSettings : public UsageError {
  public:
    explicit InvalidSettings(std::vector<Violation> violations);
    const std::vector<Violation>& violations() const { return violations_; }

  private:
    std::vector<Violation> violations_;
};

/// Settings that the schema allows; only verify_values makes them.
class Values {
  public:
    /// What people have set, as it is stored.
    const Json& document() const { return document_; }
    /// With the defaults of all that is not set, also within tables and lists.
    const Json& effective() const { return effective_; }
    bool operator==(const Values& other) const { return document_ == other.document_; }

    friend Values verify_values(Json document, const Schema& schema);

  private:
    Values() = default;
    Json document_;
    Json effective_;
};

/// Throws InvalidSettings with every violation there is, at most 100.
Values verify_values(Json document, const Schema& schema);

std::vector<Violation> find_violations(const Json& document, const Schema& schema);
/// Of what stands in it; settings that are required and missing are no violation.
std::vector<Violation> find_violations_within(const Json& document, const Schema& schema);
/// Of one value, which messages call `path`.
std::vector<Violation> find_violations(const Json& value, const Definition& definition,
                                       std::string_view path);

/// The place of an entry within a place, as messages name it: a name that could be misread within a path
/// stands in brackets and quotes.
std::string format_step(const std::string& path, const std::string& name);

/// The value at a setting's path; null when there is none. Borrowed from `document`.
const Json* find_value(const Json& document, std::string_view path);
/// Makes the groups on the way; what is no table there is replaced.
void set_value(Json& document, std::string_view path, Json value);
/// Also removes the groups that are empty then.
void remove_value(Json& document, std::string_view path);

/// The document with "(secret)" in the place of every secret, and of all that the schema does not know.
Json without_secrets(const Json& document, const Schema& schema);
/// Of one value.
Json without_secrets(const Json& value, const Definition& definition);

}  // namespace cairn::settings
