#include "cli/term/command.h"

#include <cstdio>
#include <exception>
#include <format>
#include <print>

#include "cli/term/command_impl.h"
#include "cli/term/completion.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::term {
namespace {

OptionInfo make_info(const std::string& names, const std::string& help, bool takes_value,
                     Completion completion) {
    return {.names = split(names, ','), .help = help, .takes_value = takes_value, .completion = completion};
}

std::vector<std::string> words_of(const CLI::App& app) {
    std::vector<std::string> words;
    for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; }))
        words.push_back(child->get_name());
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    return words;
}

/// The deepest command that was recognised, for the usage hint.
const CLI::App* deepest(const CLI::App* app) {
    const auto parsed = app->get_subcommands();
    return parsed.empty() ? app : deepest(parsed.back());
}

std::string full_name(const CLI::App* app) {
    const CLI::App* parent = app->get_parent();
    return parent == nullptr ? app->get_name() : std::format("{} {}", full_name(parent), app->get_name());
}

/// Help whose usage line has the whole command as it is typed.
std::string help_of(const CLI::App* app) {
    return app->help(app->get_parent() == nullptr ? "" : full_name(app->get_parent()));
}

[[noreturn]] void fail_parse(const CLI::App& root, const CLI::ParseError& problem) {
    const CLI::App* at = deepest(&root);
    std::string text = problem.what();
    std::optional<std::string> nearest;
    if (dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr) {
        const std::vector<std::string> extra = at->remaining();
        const std::string word = extra.empty() ? root.remaining(true).front() : extra.front();
        text = std::format("'{}' is not a command or option of '{}'", word, full_name(at));
        nearest = find_nearest(word, words_of(*at));
    } else if (dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr) {
        text = std::format("'{}' needs more: {}", full_name(at), text);
    }
    UsageError error(text);
    error.hint(nearest ? std::format("did you mean '{}'?", *nearest)
                       : std::format("see '{} --help'", full_name(at)));
    throw error;
}

}  // namespace

Command::Command(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Command::~Command() = default;

Command& Command::add_command(const std::string& name, const std::string& description) {
    auto child = std::make_unique<Implementation>();
    child->app = implementation_->app->add_subcommand(name, description);
    child->name = name;
    child->description = description;
    child->app->require_subcommand(0, 1);
    implementation_->children.push_back(std::unique_ptr<Command>(new Command(std::move(child))));
    return *implementation_->children.back();
}

Command& Command::set_example(const std::string& text) {
    implementation_->app->footer("Example:\n  " + replace_all(text, "\n", "\n  "));
    return *this;
}

Command& Command::set_action(std::function<int()> action) {
    implementation_->action = std::move(action);
    return *this;
}

Command& Command::add_flag(const std::string& names, bool& value, const std::string& help) {
    implementation_->app->add_flag(names, value, help);
    implementation_->options.push_back(make_info(names, help, false, Completion::none));
    return *this;
}

Command& Command::add_option(const std::string& names, std::string& value, const std::string& help,
                             Completion completion) {
    implementation_->app->add_option(names, value, help)->capture_default_str();
    implementation_->options.push_back(make_info(names, help, true, completion));
    return *this;
}

Command& Command::add_option(const std::string& names, std::optional<std::string>& value,
                             const std::string& help, Completion completion) {
    implementation_->app->add_option(names, value, help);
    implementation_->options.push_back(make_info(names, help, true, completion));
    return *this;
}

Command& Command::add_option(const std::string& names, std::uint64_t& value, const std::string& help) {
    implementation_->app->add_option(names, value, help)->capture_default_str();
    implementation_->options.push_back(make_info(names, help, true, Completion::none));
    return *this;
}

Command& Command::add_option(const std::string& names, std::vector<std::string>& values,
                             const std::string& help, Completion completion) {
    CLI::Option* option = implementation_->app->add_option(names, values, help);
    if (names.starts_with('-')) option->allow_extra_args(false);  // `--x a --x b`, never `--x a b`
    implementation_->options.push_back(make_info(names, help, true, completion));
    return *this;
}

Command& Command::add_required(const std::string& name, std::string& value, const std::string& help,
                               Completion completion) {
    add_option(name, value, help, completion);
    implementation_->app->get_option(name)->required();
    return *this;
}

Command& Command::add_required(const std::string& name, std::vector<std::string>& values,
                               const std::string& help, Completion completion) {
    add_option(name, values, help, completion);
    implementation_->app->get_option(name)->required();
    return *this;
}

CommandTree::CommandTree(const std::string& program, const std::string& description,
                         const std::string& version)
    : program_(program) {
    auto root = std::make_unique<Command::Implementation>();
    root->owned = std::make_unique<CLI::App>(description, program);
    root->app = root->owned.get();
    root->app->set_version_flag("--version", version, "print the version");
    root->app->require_subcommand(0, 1);
    root->name = program;
    root->description = description;
    root_.reset(new Command(std::move(root)));
}

CommandTree::~CommandTree() = default;

Command& CommandTree::root() {
    return *root_;
}

void CommandTree::allow_options_anywhere() {
    root_->implementation_->app->fallthrough();  // commands inherit it when they are made
}

int CommandTree::run(std::span<const std::string> arguments) {
    CLI::App& app = *root_->implementation_->app;
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        std::print("{}", help_of(deepest(&app)));
        return success;
    } catch (const CLI::CallForVersion& version) {
        std::println("{}", version.what());
        return success;
    } catch (const CLI::ParseError& problem) {
        fail_parse(app, problem);
    }
    const Command* command = root_.get();
    for (bool is_deeper = true; is_deeper;) {
        is_deeper = false;
        for (const auto& child : command->implementation_->children) {
            if (!child->implementation_->app->parsed()) continue;
            command = child.get();
            is_deeper = true;
            break;
        }
    }
    if (!command->implementation_->action) {
        std::print("{}", help_of(command->implementation_->app));
        return command == root_.get() && arguments.empty() ? success : usage;
    }
    return command->implementation_->action();
}

std::string CommandTree::completion_script(const std::string& shell) const {
    std::vector<CompletionNode> nodes;
    const std::function<void(const Command&, const std::string&)> collect = [&](const Command& command,
                                                                                const std::string& path) {
        const auto& implementation = *command.implementation_;
        CompletionNode node{.path = path, .options = implementation.options, .children = {}};
        node.options.push_back({.names = {"-h", "--help"}, .help = "print this help and exit"});
        for (const auto& child : implementation.children)
            node.children.emplace_back(child->implementation_->name, child->implementation_->description);
        nodes.push_back(std::move(node));
        for (const auto& child : implementation.children)
            collect(*child,
                    path.empty() ? child->implementation_->name : path + " " + child->implementation_->name);
    };
    collect(*root_, "");
    return make_completion_script(program_, shell, nodes);
}

std::vector<std::string> CommandTree::command_names() const {
    std::vector<std::string> names;
    const std::function<void(const Command&, const std::string&)> collect = [&](const Command& command,
                                                                                const std::string& path) {
        for (const auto& child : command.implementation_->children) {
            const std::string name =
                path.empty() ? child->implementation_->name : path + " " + child->implementation_->name;
            names.push_back(name);
            collect(*child, name);
        }
    };
    collect(*root_, "");
    return names;
}

int run_main(const std::function<int()>& body) {
    try {
        return body();
    } catch (const UsageError& error) {
        std::println(stderr, "error: {}", error.report());
        return usage;
    } catch (const Error& error) {
        std::println(stderr, "error: {}", error.report());
    } catch (const std::exception& error) {
        std::println(stderr, "error: {}", error.what());
    }
    return failure;
}

}  // namespace cairn::term
