#include "cli/term/completion.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::term {
namespace {

std::string word_source(const std::string& program, Completion completion) {
    switch (completion) {
        case Completion::recipe:
            return std::format("$({} completion-words recipes 2>/dev/null)", program);
        case Completion::image:
            return std::format("$({} completion-words images 2>/dev/null)", program);
        case Completion::architecture:
            return "x86_64 aarch64";
        default:
            return "";
    }
}

Completion positional_completion(const CompletionNode& node) {
    for (const OptionInfo& option : node.options)
        if (option.is_positional()) return option.completion;
    return Completion::none;
}

std::string option_words(const CompletionNode& node) {
    std::vector<std::string> words;
    for (const auto& [name, description] : node.children) words.push_back(name);
    for (const OptionInfo& option : node.options)
        if (!option.is_positional()) words.insert(words.end(), option.names.begin(), option.names.end());
    return join(words, " ");
}

/// Bash and zsh share one function: zsh runs it through bashcompinit.
std::string bash_function(const std::string& program, const std::vector<CompletionNode>& nodes) {
    std::string text = std::format(
        "_{0}() {{\n"
        "    local current=\"${{COMP_WORDS[COMP_CWORD]}}\" previous=\"${{COMP_WORDS[COMP_CWORD-1]}}\" "
        "path=\"\" word\n"
        "    for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
        "        case \"$path $word\" in\n",
        program);
    for (const CompletionNode& node : nodes)
        if (!node.path.empty()) {
            const std::size_t space = node.path.rfind(' ');
            const std::string parent = space == std::string::npos ? "" : node.path.substr(0, space);
            const std::string name = space == std::string::npos ? node.path : node.path.substr(space + 1);
            text += std::format("            \"{} {}\") path=\"{}\" ;;\n", parent, name, node.path);
        }
    text += "        esac\n    done\n    local words=\"\" files=\"\"\n    case \"$path\" in\n";
    for (const CompletionNode& node : nodes) {
        text += std::format("        \"{}\")\n            case \"$previous\" in\n", node.path);
        for (const OptionInfo& option : node.options) {
            if (option.is_positional() || !option.takes_value) continue;
            const bool is_path =
                option.completion == Completion::file || option.completion == Completion::directory;
            text += std::format(
                "                {}) {} ;;\n", join(option.names, "|"),
                is_path ? "files=1" : std::format("words=\"{}\"", word_source(program, option.completion)));
        }
        const Completion positional = positional_completion(node);
        const bool is_path = positional == Completion::file || positional == Completion::directory;
        text += std::format("                *) words=\"{} {}\"{} ;;\n            esac ;;\n",
                            option_words(node), word_source(program, positional), is_path ? "; files=1" : "");
    }
    text += std::format(
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "    [ -z \"$files\" ] || COMPREPLY+=($(compgen -f -- \"$current\"))\n"
        "}}\n"
        "complete -o filenames -F _{0} {0} ./{0}\n",
        program);
    return text;
}

std::string quote(const std::string& text) {
    return "'" + replace_all(text, "'", "\\'") + "'";
}

/// True while completing exactly this command: all of its words were seen.
std::string fish_condition(const CompletionNode& node) {
    if (node.path.empty()) return "__fish_use_subcommand";
    std::vector<std::string> tests;
    for (const std::string& word : split_words(node.path))
        tests.push_back("__fish_seen_subcommand_from " + word);
    return join(tests, "; and ");
}

std::string fish_script(const std::string& program, const std::vector<CompletionNode>& nodes) {
    std::string text = std::format("complete -c {} -f\n", program);
    for (const CompletionNode& node : nodes) {
        const std::string start = std::format("complete -c {} -n {}", program, quote(fish_condition(node)));
        for (const auto& [name, description] : node.children)
            text += std::format("{} -a {} -d {}\n", start, name, quote(description));
        for (const OptionInfo& option : node.options) {
            std::string line = start;
            const bool is_path =
                option.completion == Completion::file || option.completion == Completion::directory;
            const std::string words = replace_all(word_source(program, option.completion), "$(", "(");
            if (!option.is_positional())
                for (const std::string& name : option.names)
                    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            if (option.is_positional() && words.empty() && !is_path) continue;
            if (option.takes_value && !option.is_positional()) line += " -r";
            if (is_path) line += " -F";
            if (!words.empty()) line += " -a " + quote(words);
            text += std::format("{} -d {}\n", line, quote(option.help));
        }
    }
    return text;
}

}  // namespace

std::string make_completion_script(const std::string& program, const std::string& shell,
                                   const std::vector<CompletionNode>& nodes) {
    if (shell == "bash") return bash_function(program, nodes);
    if (shell == "zsh")
        return std::format("#compdef {}\nautoload -U +X bashcompinit && bashcompinit\n", program) +
               bash_function(program, nodes);
    if (shell == "fish") return fish_script(program, nodes);
    throw UsageError(std::format("no completions for shell '{}'", shell)).hint("known: bash, zsh, fish");
}

}  // namespace cairn::term
