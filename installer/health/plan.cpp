#include "installer/health/plan.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>

#include "pkg/base/error.h"

namespace cairn::health {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view http_scheme = "http://";

const Json* find_field(const Json& table, std::string_view name) {
    if (!table.is_object()) return nullptr;
    const auto found = table.find(name);
    return found == table.end() || found->is_null() ? nullptr : &*found;
}

std::string read_text(const Json& table, std::string_view name) {
    const Json* field = find_field(table, name);
    if (field == nullptr || !field->is_string() || field->get<std::string>().empty())
        throw UsageError(std::format("'{}' is missing", name));
    return field->get<std::string>();
}

std::string read_absolute_path(const Json& table) {
    std::string path = read_text(table, "path");
    if (!path.starts_with('/')) throw UsageError("'path' does not begin with '/'");
    return path;
}

std::int64_t read_number(const Json& table, std::string_view name, std::int64_t least, std::int64_t most) {
    const Json* field = find_field(table, name);
    if (field == nullptr || !field->is_number_integer())
        throw UsageError(std::format("'{}' is missing or no whole number", name));
    const auto number = field->get<std::int64_t>();
    if (number < least || number > most)
        throw UsageError(std::format("'{}' is not between {} and {}", name, least, most));
    return number;
}

/// What is left out has its default; the schema's own are filled in already.
std::int64_t read_number_or(const Json& table, std::string_view name, std::int64_t default_value,
                            std::int64_t least, std::int64_t most) {
    return find_field(table, name) == nullptr ? default_value : read_number(table, name, least, most);
}

std::chrono::seconds read_patience(const Json& table) {
    return std::chrono::seconds(read_number_or(table, "timeout_seconds", usual_patience.count(), 1, 60));
}

/// "http://127.0.0.1:8080/ready", "http://[::1]"
HttpStatus parse_url(const std::string& url) {
    const auto fail = [&] -> UsageError {
        return UsageError(std::format("'{}' is no address such as http://127.0.0.1:8080/ready", url));
    };
    if (!url.starts_with(http_scheme)) throw fail();
    const std::string_view rest = std::string_view(url).substr(http_scheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view server = rest.substr(0, slash);
    HttpStatus http;
    if (slash < rest.size()) http.path = rest.substr(slash);
    const std::size_t colon = server.rfind(':');
    if (colon != std::string_view::npos && !server.ends_with(']')) {
        const std::string_view digits = server.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), http.port);
        if (error != std::errc() || end != digits.data() + digits.size() || http.port == 0) throw fail();
        server = server.substr(0, colon);
    }
    if (server.starts_with('[') && server.ends_with(']')) server = server.substr(1, server.size() - 2);
    if (server.empty()) throw fail();
    http.host = server;
    return http;
}

Condition read_condition(const Json& table) {
    const std::string kind = read_text(table, "kind");
    if (kind == "http") {
        HttpStatus http = parse_url(read_text(table, "url"));
        http.status = static_cast<int>(read_number_or(table, "status", http.status, 100, 599));
        http.patience = read_patience(table);
        return http;
    }
    if (kind == "tcp") {
        const std::string host =
            find_field(table, "host") == nullptr ? "127.0.0.1" : read_text(table, "host");
        const auto port = static_cast<std::uint16_t>(read_number(table, "port", 1, 65535));
        return TcpConnects{host, port, read_patience(table)};
    }
    if (kind == "service") return ServiceUp{read_text(table, "service")};
    if (kind == "file_age")
        return FileAge{read_absolute_path(table),
                       std::chrono::seconds(read_number_or(table, "max_seconds", 3600, 1, 31'536'000))};
    throw UsageError(std::format("'{}' is no kind of check", kind));
}

Check read_check(const std::string& name, const Json& table) {
    try {
        return {name, read_condition(table)};
    } catch (const UsageError& error) {
        return {name, Misdescribed{error.message()}};
    }
}

std::vector<fs::path> find_programs(const fs::path& root) {
    std::vector<fs::path> programs;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(root / "usr/lib/cairn/health.d", ignored))
        if (entry.is_regular_file(ignored) && access(entry.path().c_str(), X_OK) == 0)
            programs.push_back(entry.path());
    std::ranges::sort(programs);
    return programs;
}

struct KindOf {
    std::string_view operator()(const ServicesUp&) const { return "services"; }
    std::string_view operator()(const ApiAnswers&) const { return "api"; }
    std::string_view operator()(const SettingsReadable&) const { return "settings"; }
    std::string_view operator()(const RootIntact&) const { return "root"; }
    std::string_view operator()(const ProgramSucceeds&) const { return "program"; }
    std::string_view operator()(const HttpStatus&) const { return "http"; }
    std::string_view operator()(const TcpConnects&) const { return "tcp"; }
    std::string_view operator()(const ServiceUp&) const { return "service"; }
    std::string_view operator()(const FileAge&) const { return "file_age"; }
    std::string_view operator()(const Misdescribed&) const { return "setting"; }
};

}  // namespace

std::string_view kind_of(const Condition& condition) {
    return std::visit(KindOf(), condition);
}

HealthPlan plan_health(const Json& settings, const fs::path& root) {
    HealthPlan plan;
    plan.checks = {{"services", ServicesUp{}},
                   {"api", ApiAnswers{}},
                   {"settings", SettingsReadable{}},
                   {"root", RootIntact{}}};
    for (const fs::path& program : find_programs(root))
        plan.checks.push_back({program.filename(), ProgramSucceeds{program}});
    const Json* const set = find_field(settings, "health");
    const Json health = set == nullptr ? Json::object() : *set;
    if (const Json* checks = find_field(health, "checks"); checks != nullptr && checks->is_object())
        for (const auto& [name, table] : checks->items()) plan.checks.push_back(read_check(name, table));
    if (const Json* seconds = find_field(health, "deadline_seconds");
        seconds != nullptr && seconds->is_number_integer() && seconds->get<std::int64_t>() > 0)
        plan.deadline = std::chrono::seconds(seconds->get<std::int64_t>());
    return plan;
}

}  // namespace cairn::health
