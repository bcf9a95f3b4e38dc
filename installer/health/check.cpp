#include "installer/health/check.h"

#include <algorithm>
#include <format>
#include <utility>

#include "pkg/base/text.h"

namespace cairn::health {

namespace {

using services::Service;
using services::ServiceState;

constexpr std::size_t longest_cause = 4096;

/// What one check found; empty words: it holds, and says so in the usual words.
struct Finding {
    std::string failure = {};
    std::string output = {};
    std::string success = "ok";
};

/// Why a service counts as not well; empty: it is well.
std::string describe_trouble(const Service& service) {
    const std::string exit =
        service.last_exit ? std::format(", last: {}", services::to_text(*service.last_exit)) : "";
    if (service.state != ServiceState::up)
        return std::format("service '{}' is {}{}", service.name, services::to_text(service.state), exit);
    if (service.recent_restarts >= services::many_restarts)
        return std::format("service '{}' ended {} times within ten minutes{}", service.name,
                           service.recent_restarts, exit);
    return {};
}

/// Asks one condition after the other, each in its own way.
class Asker {
  public:
    explicit Asker(Probe& probe) : probe_(probe) {}

    Finding operator()(const ServicesUp&) const {
        const services::ServiceList list = probe_.read_services();
        if (list.services.empty()) return {.failure = "nobody supervises any service"};
        std::vector<std::string> troubles;
        std::string output;
        for (const Service& service : list.services) {
            if (service.may_end) continue;
            std::string trouble = describe_trouble(service);
            if (trouble.empty()) continue;
            troubles.push_back(std::move(trouble));
            output += format_log(service.name);
        }
        return {.failure = join(troubles, "; "),
                .output = output,
                .success = std::format("all {} are up", list.services.size())};
    }
    Finding operator()(const ServiceUp& check) const {
        const services::ServiceList list = probe_.read_services();
        const auto service = std::ranges::find(list.services, check.service, &Service::name);
        if (service == list.services.end())
            return {.failure = std::format("there is no service '{}'", check.service)};
        const std::string trouble = describe_trouble(*service);
        return {.failure = trouble, .output = trouble.empty() ? "" : format_log(check.service)};
    }
    Finding operator()(const ApiAnswers&) const {
        const Probe::HttpAnswer answer = probe_.ask_api();
        if (!answer.status) return {.failure = "the API does not answer: " + answer.why};
        if (*answer.status >= 500)
            return {.failure = std::format("the API answers with status {}", *answer.status)};
        return {};
    }
    Finding operator()(const SettingsReadable&) const {
        const auto problem = probe_.find_settings_problem();
        return problem ? Finding{.failure = "the settings cannot be used", .output = *problem} : Finding{};
    }
    Finding operator()(const RootIntact&) const {
        const auto damage = probe_.find_root_damage();
        return damage ? Finding{.failure = "the root has blocks that do not verify", .output = *damage}
                      : Finding{};
    }
    Finding operator()(const ProgramSucceeds& check) const {
        Probe::ProgramResult result = probe_.run(check.program);
        if (result.status == 0) return {};
        std::string failure = result.status ? std::format("ended with exit status {}", *result.status)
                                            : std::string("took too long and was ended");
        return {.failure = std::move(failure), .output = std::move(result.output)};
    }
    Finding operator()(const HttpStatus& check) const {
        const Probe::HttpAnswer answer = probe_.ask_http(check);
        const std::string what = std::format("{}:{}{}", check.host, check.port, check.path);
        if (!answer.status) return {.failure = std::format("{} does not answer: {}", what, answer.why)};
        if (*answer.status != check.status)
            return {.failure = std::format("{} answers with status {} instead of {}", what, *answer.status,
                                           check.status)};
        return {.success = std::format("{} answers with status {}", what, check.status)};
    }
    Finding operator()(const TcpConnects& check) const {
        const auto why = probe_.connect_tcp(check);
        if (!why) return {};
        return {.failure = std::format("cannot connect to {}:{}: {}", check.host, check.port, *why)};
    }
    Finding operator()(const FileAge& check) const {
        const auto age = probe_.find_age(check.path);
        if (!age) return {.failure = std::format("there is no '{}'", check.path.string())};
        if (*age > check.most)
            return {.failure = std::format("'{}' was written {} s ago, {} s are allowed", check.path.string(),
                                           age->count(), check.most.count())};
        return {.success = std::format("written {} s ago", age->count())};
    }
    Finding operator()(const Misdescribed& check) const {
        return {.failure = "the setting describes no check: " + check.why};
    }

  private:
    std::string format_log(const std::string& service) const {
        const std::string log = probe_.read_log_end(service);
        return log.empty() ? "" : std::format("log of '{}':\n{}", service, log);
    }

    Probe& probe_;
};

/// Keeps whole letters: a cut within UTF-8 would spoil the JSON it ends up in.
std::string cut(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    return text;
}

}  // namespace

bool HealthReport::is_good() const {
    return std::ranges::all_of(checks, &CheckResult::is_ok);
}

std::string HealthReport::cause() const {
    std::vector<std::string> failures;
    std::string output;
    for (const CheckResult& check : checks) {
        if (check.is_ok) continue;
        failures.push_back(std::format("check '{}': {}", check.name, check.message));
        if (!check.output.empty()) output += "\n" + std::string(trim(check.output));
    }
    return cut(join(failures, "; ") + output, longest_cause);
}

HealthReport check_health(const HealthPlan& plan, Probe& probe) {
    HealthReport report;
    const Asker asker(probe);
    for (const Check& check : plan.checks) {
        Finding finding = std::visit(asker, check.condition);
        const bool is_ok = finding.failure.empty();
        report.checks.push_back({.name = check.name,
                                 .kind = std::string(kind_of(check.condition)),
                                 .is_ok = is_ok,
                                 .message = is_ok ? std::move(finding.success) : std::move(finding.failure),
                                 .output = is_ok ? std::string() : std::move(finding.output)});
    }
    return report;
}

}  // namespace cairn::health
