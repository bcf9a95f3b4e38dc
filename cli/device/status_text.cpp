#include "cli/device/status_text.h"

#include <algorithm>
#include <chrono>
#include <format>

#include "cli/device/fields.h"
#include "cli/device/known_devices.h"
#include "cli/device/words.h"
#include "pkg/base/text.h"

namespace cairn::device {
namespace {

using term::Cell;
using term::Colour;
using Rows = std::vector<std::vector<Cell>>;

constexpr std::size_t indentation = 2;

std::string format_seconds(std::int64_t seconds) {
    if (seconds >= 2 * 86400) return format_count(static_cast<std::size_t>(seconds / 86400), "day");
    return format_duration(std::chrono::seconds(seconds));
}

/// "1.1.0, slot a, good"
Cell version_cell(const Json& image) {
    if (text_of(image, "version").empty()) return {"none", Colour::faint};
    std::string text = text_of(image, "version");
    if (const std::string slot = text_of(image, "slot"); !slot.empty()) text += ", slot " + slot;
    if (is_true(image, "on_trial"))
        return {
            std::format("{}, on trial, {} left", text,
                        format_count(static_cast<std::size_t>(number_of(image, "tries_left")), "more try")),
            Colour::warning};
    if (is_true(image, "is_good")) text += ", good";
    return text;
}

Cell update_cell(const Json& updates) {
    const std::string state = text_of(updates, "update_state");
    const std::string staged = text_of(object_of(updates, "staged"), "version");
    const Json& progress = object_of(updates, "progress");
    if (!progress.empty())
        return {std::format("under way: {} {}", text_of(progress, "step"),
                            format_bar(static_cast<std::uint64_t>(number_of(progress, "done")),
                                       static_cast<std::uint64_t>(number_of(progress, "total")))),
                Colour::strong};
    if (state == "Available")
        return {std::format("{} is available: 'cairnctl update'",
                            text_of(object_of(updates, "available"), "version")),
                Colour::strong};
    if (state == "Staged")
        return {std::format("{} is written, not switched to: 'cairnctl update' goes on", staged),
                Colour::strong};
    if (state == "Ready") return {std::format("the next boot tries {}", staged), Colour::strong};
    if (text_of(updates, "repository").empty())
        return {"no repository is set: setting 'updates.repository'", Colour::warning};
    return std::format("nothing newer; asked {}", format_time(number_of(updates, "last_refresh")));
}

/// An address of a file is never anything but the stick's: settings do not take one.
Cell repository_cell(const Json& updates) {
    const std::string address = text_of(updates, "repository");
    if (address.empty()) return {"none is set", Colour::faint};
    return address.starts_with("file:") ? "the USB stick that is plugged in" : address;
}

Cell health_cell(const Json& health) {
    const std::string status = text_of(health, "status");
    std::vector<std::string> failing;
    for (const Json& check : list_of(health, "checks"))
        if (!is_true(check, "ok"))
            failing.push_back(std::format("{}: {}", text_of(check, "name"), text_of(check, "message")));
    std::string text = status;
    if (status == "starting" && number_of(health, "deadline_seconds_left") > 0)
        text += std::format(", {} left to become good",
                            format_seconds(number_of(health, "deadline_seconds_left")));
    for (const std::string& line : failing) text += "\n" + line;
    const Colour colour = status == "good"      ? Colour::good
                          : status == "failing" ? Colour::bad
                                                : Colour::warning;
    return {text, colour};
}

bool is_up(const Json& service) {
    return text_of(service, "state") == "up";
}

Cell services_cell(const Json& services) {
    const Json& list = list_of(services, "services");
    std::string text;
    for (const Json& service : list)
        if (!is_up(service))
            text += std::format(
                "{}{} {}", text.empty() ? "" : "\n", text_of(service, "name"),
                text_of(service, "state") == "failed" ? "has failed" : "is " + text_of(service, "state"));
    if (text.empty()) return {std::format("all {} are up", list.size()), Colour::good};
    return {text, Colour::bad};
}

Cell data_cell(const Json& data) {
    const std::string state = text_of(data, "state");
    if (state != "failed") return state == "made" ? Cell("made in this boot") : Cell(state);
    return {std::format("FAILED, nothing will be kept: {}", text_of(data, "error")), Colour::bad};
}

Cell secure_boot_cell(const Json& os) {
    const bool is_known = os.is_object() && os.contains("secure_boot") && os["secure_boot"].is_boolean();
    if (!is_known) return {"unknown", Colour::faint};
    return is_true(os, "secure_boot") ? Cell("on", Colour::good) : Cell("off");
}

Cell keys_cell(const Json& os) {
    if (!is_true(os, "development_keys")) return "the maker's";
    return {"DEVELOPMENT KEYS: anybody can sign for this machine", Colour::warning};
}

/// Denied and held versions, each with its cause.
void add_denied(Rows& rows, const Json& updates) {
    for (const Json& ban : list_of(updates, "denied"))
        rows.push_back(
            {text_of(ban, "ban"),
             Cell(std::format("{}: {}", text_of(ban, "version"), text_of(ban, "cause")), Colour::warning)});
}

std::string title_of(const Json& os) {
    std::string text =
        std::format("{} {} on {}", text_of(os, "name"), text_of(os, "version"), text_of(os, "architecture"));
    if (const std::string machine = text_of(os, "machine"); !machine.empty()) text += ", " + machine;
    return text;
}

Cell change_cell(const Json& change) {
    const std::string from = text_of(change, "from");
    const std::string to = text_of(change, "to");
    if (from.empty()) return {to + " (new)", Colour::good};
    if (to.empty()) return {"removed", Colour::warning};
    return std::format("{} -> {}", from, to);
}

}  // namespace

std::string format_status(const StatusAnswers& answers, term::Painting painting) {
    Rows rows{{"running", version_cell(object_of(answers.updates, "running"))},
              {"other slot", version_cell(object_of(answers.updates, "other"))},
              {"update", update_cell(answers.updates)},
              {"repository", repository_cell(answers.updates)}};
    add_denied(rows, answers.updates);
    rows.push_back({"health", health_cell(answers.health)});
    rows.push_back({"services", services_cell(answers.services)});
    rows.push_back({"data", data_cell(object_of(answers.os, "data"))});
    rows.push_back({"keys", keys_cell(answers.os)});
    rows.push_back({"up for", format_seconds(number_of(answers.os, "uptime_seconds"))});
    std::string text = paint({title_of(answers.os), Colour::strong}, painting) + "\n\n" +
                       format_columns(rows, painting, indentation);
    const Json& story = list_of(answers.updates, "story");
    if (story.empty()) return text;
    text += "\nwhat happened, newest last:\n";
    for (const Json& line : story) text += std::format("  {}\n", format_value(line));
    return text;
}

std::string format_health(const Json& health, term::Painting painting) {
    Rows rows{
        {"health", health_cell(Json{{"status", text_of(health, "status")},
                                    {"deadline_seconds_left", number_of(health, "deadline_seconds_left")}})},
        {"this boot", is_true(health, "boot_confirmed") ? Cell("found good", Colour::good)
                                                        : Cell("not found good yet", Colour::warning)}};
    std::string text = format_columns(rows, painting);
    Rows checks;
    for (const Json& check : list_of(health, "checks"))
        checks.push_back({is_true(check, "ok") ? Cell("ok", Colour::good) : Cell("FAILS", Colour::bad),
                          text_of(check, "name"), Cell(text_of(check, "kind"), Colour::faint),
                          text_of(check, "message")});
    return checks.empty() ? text : text + "\n" + format_columns(checks, painting);
}

std::string format_services(const Json& services, term::Painting painting) {
    Rows rows{{Cell("service", Colour::faint), Cell("state", Colour::faint), Cell("since", Colour::faint),
               Cell("restarts", Colour::faint), Cell("last end", Colour::faint)}};
    for (const Json& service : list_of(services, "services"))
        rows.push_back({text_of(service, "name"),
                        Cell(text_of(service, "state"), is_up(service) ? Colour::good : Colour::bad),
                        number_of(service, "since") == 0 ? "-" : format_time(number_of(service, "since")),
                        std::to_string(number_of(service, "restarts")), text_of(service, "last_exit")});
    return format_columns(rows, painting);
}

std::string format_os(const Json& os, term::Painting painting) {
    const std::string fingerprint = text_of(os, "api_fingerprint");
    return format_columns({{"image", std::format("{} {}", text_of(os, "name"), text_of(os, "version"))},
                           {"architecture", text_of(os, "architecture")},
                           {"built", text_of(os, "build_time")},
                           {"slot", text_of(os, "slot") + (is_true(os, "on_trial") ? ", on trial" : "")},
                           {"root hash", text_of(os, "root_hash")},
                           {"keys", keys_cell(os)},
                           {"secure boot", secure_boot_cell(os)},
                           {"machine", text_of(os, "machine")},
                           {"machine id", text_of(os, "machine_id")},
                           {"boot id", text_of(os, "boot_id")},
                           {"kernel", text_of(os, "kernel")},
                           {"up for", format_seconds(number_of(os, "uptime_seconds"))},
                           {"data", data_cell(object_of(os, "data"))},
                           {"api fingerprint", fingerprint.empty() ? Cell("none yet", Colour::faint)
                                                                   : Cell(group_by_four(fingerprint))}},
                          painting);
}

std::string format_offer(const Json& updates, term::Painting painting) {
    const Json& offer = object_of(updates, "available");
    std::string text;
    if (!offer.empty()) {
        const std::int64_t bytes = number_of(offer, "download_bytes");
        text += format_columns(
            {{"version", Cell(std::format("{} (running: {})", text_of(offer, "version"),
                                          text_of(object_of(updates, "running"), "version")),
                              Colour::strong)},
             {"date", text_of(offer, "date")},
             {"download",
              bytes == 0 ? "not known" : "at most " + format_bytes(static_cast<std::uint64_t>(bytes))},
             {"notes",
              text_of(offer, "notes").empty() ? "none" : std::string(trim(text_of(offer, "notes")))}},
            painting);
        Rows changes;
        for (const Json& change : list_of(offer, "changes"))
            changes.push_back({text_of(change, "package"), change_cell(change)});
        text += changes.empty() ? "no package changes\n"
                                : format_count(changes.size(), "package") + " change:\n" +
                                      format_columns(changes, painting, indentation);
    } else {
        text += std::format("nothing newer than {}\n", text_of(object_of(updates, "running"), "version"));
    }
    Rows refused;
    for (const Json& other : list_of(updates, "not_offered"))
        refused.push_back({text_of(other, "version"), text_of(other, "why")});
    if (!refused.empty()) text += "not offered:\n" + format_columns(refused, painting, indentation);
    return text;
}

}  // namespace cairn::device
