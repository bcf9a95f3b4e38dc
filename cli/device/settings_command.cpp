#include <algorithm>
#include <format>
#include <memory>
#include <print>

#include "cli/device/assignment.h"
#include "cli/device/device.h"
#include "cli/device/fields.h"
#include "cli/device/setting_path.h"
#include "cli/device/settings_text.h"
#include "cli/device/words.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::device {
namespace {

constexpr std::uint64_t largest_document = std::uint64_t{1} << 20;

struct Options {
    std::vector<std::string> words;
    std::string transaction;
    std::string file;
    std::uint64_t try_seconds = 0;
    std::string version;
    bool is_json = false;
    bool is_apply = false;

    /// "?tx=…" where one is named.
    std::string query() const { return transaction.empty() ? "" : "?tx=" + encode_word(transaction); }
    std::string transaction_words() const { return transaction.empty() ? "" : " --tx " + transaction; }
};

Json get_schema(Device& device) {
    return device.api().get("/settings/schema");
}

Json get_transaction(Device& device, const Options& options) {
    return device.api().get("/tx" + options.query());
}

/// What lists are changed from: the values that are set, with what the transaction has already.
Json get_pending_values(Device& device, const Options& options) {
    Json values = device.api().get("/settings");
    const Json transaction = get_transaction(device, options);
    for (const Json& difference : list_of(transaction, "differences"))  // lists differ as a whole
        put_value(values, parse_setting_path(text_of(difference, "path")), difference.value("after", Json()));
    return values;
}

int get(Device& device, const Options& options) {
    std::vector<std::string> encoded;
    for (const std::string& path : options.words) encoded.push_back(encode_word(path));
    const Json values =
        device.api().get("/settings" + (encoded.empty() ? "" : "?paths=" + join(encoded, ",")));
    if (options.is_json) return std::print("{}", format_json(values)), term::success;
    const Json schema = get_schema(device);
    // One setting alone is given bare, for scripts.
    if (options.words.size() == 1 && schema.contains(options.words.front())) {
        const Json* const value = find_value(values, parse_setting_path(options.words.front()));
        std::println("{}", value == nullptr ? "" : format_value(*value));
        return value == nullptr ? term::failure : term::success;
    }
    std::print("{}", format_settings(values, schema, options.words, device.painting()));
    return term::success;
}

std::string describe_services(const Json& applied) {
    std::vector<std::string> services;
    for (const Json& service : list_of(applied, "services")) services.push_back(format_value(service));
    return services.empty() ? "no service restarted" : "restarted: " + join(services, ", ");
}

void print_applied(Device& device, const Json& applied) {
    const Json& tried = object_of(applied, "try");
    if (tried.empty()) {
        std::println("applied as version {}; {}", number_of(applied, "version"), describe_services(applied));
        return;
    }
    std::println("being tried for {} s; {}", number_of(tried, "seconds"), describe_services(applied));
    std::println("keep it with: cairnctl settings confirm{}", device.host_words());
    std::println("without that, or after a reboot, the settings are as before");
}

int apply(Device& device, const Options& options) {
    const Json body = options.try_seconds == 0 ? Json::object() : Json{{"try_seconds", options.try_seconds}};
    const Json applied = device.api().send("POST", "/tx/commit_and_apply" + options.query(), body);
    if (options.is_json)
        std::print("{}", format_json(applied));
    else
        print_applied(device, applied);
    return term::success;
}

int show_pending(Device& device, const Options& options) {
    const Json transaction = get_transaction(device, options);
    std::print("{}", options.is_json ? format_json(transaction)
                                     : format_transaction(transaction, device.painting()));
    return list_of(transaction, "violations").empty() ? term::success : term::failure;
}

/// Adds a patch to the transaction and shows what is pending; `--apply` goes on at once.
int send_patch(Device& device, const Options& options, const Json& patch) {
    if (options.try_seconds > 0 && !options.is_apply)
        throw UsageError("--try belongs to --apply: what is pending is not in effect")
            .hint("cairnctl settings apply --try SECONDS");
    device.api().send("PATCH", "/settings" + options.query(), patch);
    if (options.is_apply) return apply(device, options);
    const int code = show_pending(device, options);
    if (!options.is_json)
        std::println(stderr, "pending; bring it into effect with: cairnctl settings apply{}{}",
                     options.transaction_words(), device.host_words());
    return code;
}

int set(Device& device, const Options& options) {
    std::vector<Assignment> assignments;
    for (const std::string& word : options.words) assignments.push_back(parse_assignment(word));
    const bool is_about_lists = std::ranges::any_of(
        assignments, [](const Assignment& each) { return each.kind != Assignment::Kind::set; });
    const Json holds = is_about_lists ? get_pending_values(device, options) : Json::object();
    return send_patch(device, options, make_patch(assignments, get_schema(device), holds));
}

int unset(Device& device, const Options& options) {
    return send_patch(device, options, make_unset_patch(options.words, get_schema(device)));
}

int confirm(Device& device) {
    const Json answer = device.api().send("POST", "/tx/confirm");
    std::println("kept as version {}", number_of(answer, "version"));
    return term::success;
}

int forget(Device& device, const Options& options) {
    device.api().send("DELETE", "/tx" + options.query());
    std::println("nothing is pending any more");
    return term::success;
}

int show_history(Device& device, const Options& options) {
    const Json history = device.api().get("/settings/history");
    std::print("{}", options.is_json ? format_json(history) : format_history(history, device.painting()));
    return term::success;
}

int undo(Device& device, const Options& options) {
    Json body = Json::object();
    if (!options.version.empty()) {
        const Json number = Json::parse(options.version, nullptr, false);
        if (!number.is_number_unsigned())
            throw UsageError(std::format("'{}' is not the number of a version", options.version))
                .hint("'cairnctl settings history' lists them");
        body["version"] = number;
    }
    print_applied(device, device.api().send("POST", "/settings/undo", body));
    return term::success;
}

int export_settings(Device& device, const Options& options) {
    std::vector<std::string> left_out;
    const Json document = without_secrets(device.api().get("/settings?set=true"), left_out);
    if (options.file.empty())
        std::print("{}", format_json(document));
    else
        replace_file(options.file, format_json(document), 0600);
    if (!left_out.empty())
        std::println(stderr, "secrets never leave the device, so these are left out: {}",
                     join(left_out, ", "));
    return term::success;
}

int import_settings(Device& device, const Options& options) {
    const Json document = parse_json(read_file(options.file, largest_document), options.file);
    if (!document.is_object())
        throw UsageError(std::format("'{}' holds no settings: it is no JSON object", options.file));
    return send_patch(device, options, document);
}

int show_schema(Device& device, const Options& options) {
    const Json schema = get_schema(device);
    std::print("{}", options.is_json ? format_json(schema)
                                     : format_schema(schema, options.words, device.painting()));
    return term::success;
}

using Action = std::function<int(const Options&)>;

/// A command with options of its own, to which `fill` adds.
void add(term::Command& group, const std::string& name, const std::string& description,
         const std::string& example, const Action& action,
         const std::function<void(term::Command&, Options&)>& fill) {
    const auto options = std::make_shared<Options>();
    term::Command& command = group.add_command(name, description);
    fill(command, *options);
    command.set_example(example);
    command.set_action([options, action] { return action(*options); });
}

void add_transaction(term::Command& command, Options& options) {
    command.add_option("--tx", options.transaction, "name of the transaction; else 'default'");
}

void add_patch_options(term::Command& command, Options& options) {
    add_transaction(command, options);
    command.add_flag("--apply", options.is_apply, "bring it into effect at once");
    command.add_option("--try", options.try_seconds,
                       "with --apply: go back by itself after so many seconds without 'confirm'");
    add_json_flag(command, options.is_json);
}

void add_reading_commands(term::Command& group, Device& device) {
    add(
        group, "get", "Show settings; one alone is printed bare", "cairnctl settings get network",
        [&device](const Options& options) { return get(device, options); },
        [](term::Command& command, Options& options) {
            command.add_option("path", options.words, "settings or groups of them; else all");
            add_json_flag(command, options.is_json);
        });
    add(
        group, "schema", "What settings there are, and what each may be",
        "cairnctl settings schema network.interfaces",
        [&device](const Options& options) { return show_schema(device, options); },
        [](term::Command& command, Options& options) {
            command.add_option("path", options.words, "settings or groups of them; else all");
            add_json_flag(command, options.is_json);
        });
    add(
        group, "diff", "What is pending, and whether it is allowed; exit code 1 when not",
        "cairnctl settings diff", [&device](const Options& options) { return show_pending(device, options); },
        [](term::Command& command, Options& options) {
            add_transaction(command, options);
            add_json_flag(command, options.is_json);
        });
    add(
        group, "history", "Who changed the settings, and when", "cairnctl settings history",
        [&device](const Options& options) { return show_history(device, options); },
        [](term::Command& command, Options& options) { add_json_flag(command, options.is_json); });
    add(
        group, "export", "Write what was set as JSON, without secrets", "cairnctl settings export gate.json",
        [&device](const Options& options) { return export_settings(device, options); },
        [](term::Command& command, Options& options) {
            command.add_option("file", options.file, "where to; else standard output",
                               term::Completion::file);
        });
}

void add_changing_commands(term::Command& group, Device& device) {
    add(
        group, "set", "Change settings: SETTING=VALUE, LIST+=ITEM, LIST-=ITEM",
        "cairnctl settings set network.host_name=gate time.ntp_servers+=ntp.example.org\n"
        "cairnctl settings set --apply --try 60 'network.interfaces.lan0={\"dhcp4\": true}'",
        [&device](const Options& options) { return set(device, options); },
        [](term::Command& command, Options& options) {
            command.add_required("assignment", options.words, "what is to be changed");
            add_patch_options(command, options);
        });
    add(
        group, "unset", "Take settings back to their defaults", "cairnctl settings unset network.host_name",
        [&device](const Options& options) { return unset(device, options); },
        [](term::Command& command, Options& options) {
            command.add_required("path", options.words, "the settings");
            add_patch_options(command, options);
        });
    add(
        group, "import", "Change settings by a JSON file, as 'export' writes it",
        "cairnctl settings import gate.json",
        [&device](const Options& options) { return import_settings(device, options); },
        [](term::Command& command, Options& options) {
            command.add_required("file", options.file, "the file", term::Completion::file);
            add_patch_options(command, options);
        });
    add(
        group, "apply", "Bring what is pending into effect, all or nothing",
        "cairnctl settings apply --try 60",
        [&device](const Options& options) { return apply(device, options); },
        [](term::Command& command, Options& options) {
            add_transaction(command, options);
            command.add_option("--try", options.try_seconds,
                               "go back by itself after so many seconds without 'confirm'");
            add_json_flag(command, options.is_json);
        });
    add(
        group, "confirm", "Keep what is being tried", "cairnctl settings confirm",
        [&device](const Options&) { return confirm(device); }, [](term::Command&, Options&) {});
    add(
        group, "forget", "Drop what is pending; what is being tried is taken back",
        "cairnctl settings forget", [&device](const Options& options) { return forget(device, options); },
        [](term::Command& command, Options& options) { add_transaction(command, options); });
    add(
        group, "undo", "Return to the settings before the last change, or to a version of the history",
        "cairnctl settings undo 12", [&device](const Options& options) { return undo(device, options); },
        [](term::Command& command, Options& options) {
            command.add_option("version", options.version, "the version to return to");
        });
}

}  // namespace

void add_settings_command(term::Command& root, Device& device) {
    term::Command& group = root.add_command("settings", "Show and change what is set on the device");
    group.set_example("cairnctl settings set network.host_name=gate && cairnctl settings apply");
    add_reading_commands(group, device);
    add_changing_commands(group, device);
}

}  // namespace cairn::device
