#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "installer/settings/template.h"

/// The files below `/etc` that templates make, and the services that a change of settings concerns.
namespace cairn::settings {

struct RenderedFile {
    std::string target;  // "etc/ntp.conf"
    mode_t mode = 0644;
    std::string content;
    bool operator==(const RenderedFile&) const = default;
};

struct FilePlan {
    std::vector<RenderedFile> files;    // those whose content changes, by target
    std::vector<std::string> services;  // to restart; sorted, each once
    bool operator==(const FilePlan&) const = default;
};

/// All of a directory. Throws UsageError when one uses a setting that the schema does not have, or when two
/// make the same file.
std::vector<Template> read_templates(const std::filesystem::path& directory, const Schema& schema);

/// What is to be written when the effective settings `before` become `after`. Without `before`, at a boot,
/// that is every file and no service: none runs yet. Throws as render() does, before anything is written.
FilePlan plan_files(const std::vector<Template>& templates, const Json* before, const Json& after);

/// Writes the files below `root`, each whole or not at all.
void apply_files(const FilePlan& plan, const std::filesystem::path& root);

}  // namespace cairn::settings
