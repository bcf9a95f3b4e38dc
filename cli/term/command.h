#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// A program's commands and options: parsing, `--help` with an example on each, suggestions for misspelt
/// words, and shell completions, all made from one tree. Wraps CLI11.
namespace cairn::term {

/// What the shell offers after an option or for a positional argument.
enum class Completion { none, file, directory, recipe, image, architecture };

/// One command of the tree. Variables given by reference are filled before the action runs; they must live as
/// long as the tree.
class Command {
  public:
    ~Command();
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    /// A command below this one. The reference stays valid as long as the tree.
    Command& add_command(const std::string& name, const std::string& description);
    /// Shown at the end of `--help`.
    Command& set_example(const std::string& text);
    /// What the command does; gives the exit code. A command without an action only groups others.
    Command& set_action(std::function<int()> action);

    // Options are written with their dashes ("--arch", "-q,--quiet"), positional arguments without
    // ("recipe").
    Command& add_flag(const std::string& names, bool& value, const std::string& help);
    Command& add_option(const std::string& names, std::string& value, const std::string& help,
                        Completion completion = Completion::none);
    Command& add_option(const std::string& names, std::optional<std::string>& value, const std::string& help,
                        Completion completion = Completion::none);
    Command& add_option(const std::string& names, std::uint64_t& value, const std::string& help);
    Command& add_option(const std::string& names, std::vector<std::string>& values, const std::string& help,
                        Completion completion = Completion::none);
    Command& add_required(const std::string& name, std::string& value, const std::string& help,
                          Completion completion = Completion::none);
    Command& add_required(const std::string& name, std::vector<std::string>& values, const std::string& help,
                          Completion completion = Completion::none);

  private:
    friend class CommandTree;
    struct Implementation;
    explicit Command(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

/// A whole program.
class CommandTree {
  public:
    CommandTree(const std::string& program, const std::string& description, const std::string& version);
    ~CommandTree();

    Command& root();
    /// Options of the program itself may also stand behind its commands. To be called before the first
    /// command is added.
    void allow_options_anywhere();
    /// Parses `arguments` (without the program's name) and runs the action of the command they name. Prints
    /// help and version itself. Throws UsageError for anything it does not know, with the nearest known word.
    int run(std::span<const std::string> arguments);

    /// A completion script for "bash", "zsh" or "fish". Throws UsageError for any other shell.
    std::string completion_script(const std::string& shell) const;
    /// Full names of all commands ("package create"), depth first; for tests and documents.
    std::vector<std::string> command_names() const;

  private:
    std::unique_ptr<Command> root_;
    std::string program_;
};

/// Runs `body` as a program's main: prints an error's report to standard error and gives the exit code for
/// it.
int run_main(const std::function<int()>& body);

}  // namespace cairn::term
