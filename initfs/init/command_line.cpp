#include "initfs/init/command_line.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "pkg/base/error.h"

namespace cairn::init {

namespace {

constexpr std::string_view root_hash_word = "roothash=";
constexpr std::string_view wait_word = "cairn.wait=";
constexpr int longest_wait = 600;

std::vector<std::string> split_like_the_kernel(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool is_quoted = false;
    for (const char letter : text) {
        const bool is_blank = letter == ' ' || letter == '\t' || letter == '\n';
        if (letter == '"') {
            is_quoted = !is_quoted;
        } else if (is_blank && !is_quoted) {
            if (!word.empty()) words.push_back(std::exchange(word, {}));
        } else {
            word += letter;
        }
    }
    if (!word.empty()) words.push_back(word);
    return words;
}

std::chrono::seconds parse_wait(std::string_view text, std::chrono::seconds default_wait) {
    int seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return default_wait;
    return std::chrono::seconds(std::min(seconds, longest_wait));
}

}  // namespace

BootParameters parse_command_line(std::string_view text) {
    BootParameters parameters;
    std::optional<disks::RootHash> root_hash;
    for (const std::string& word : split_like_the_kernel(text)) {
        const std::string_view view = word;
        if (view.starts_with(root_hash_word)) {
            if (root_hash)
                parameters.refused.push_back(word);
            else
                root_hash = disks::RootHash::parse(view.substr(root_hash_word.size()));
        } else if (view.starts_with(wait_word)) {
            parameters.wait = parse_wait(view.substr(wait_word.size()), parameters.wait);
        }
    }
    if (!root_hash)
        throw UsageError("the kernel's command line names no root")
            .hint("\"roothash=\" with 64 hexadecimal digits is expected; boot files of an image have it");
    parameters.root_hash = *root_hash;
    return parameters;
}

}  // namespace cairn::init
