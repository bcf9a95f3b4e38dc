#include "tests/system/maker.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::system_test {

namespace {

namespace fs = std::filesystem;

const fs::path source = CAIRN_SOURCE_DIR;

void link_each(const fs::path& from, const fs::path& to) {
    make_directories(to);
    for (const auto& entry : fs::directory_iterator(from))
        fs::create_symlink(fs::absolute(entry.path()), to / entry.path().filename());
}

}  // namespace

Maker::Maker(layout::Architecture architecture)
    : architecture_(architecture),
      kept_(fs::path(find_environment("CAIRN_ROOT").value_or(source.string())) / "out/update-tests"),
      directory_({}, "cairn-maker") {
    make_tree();
    make_repository();
    serve();
}

void Maker::make_tree() const {
    const fs::path tree = directory_.path() / "tree";
    link_each(source, tree);
    for (const char* own : {"recipes", "images"}) fs::remove(tree / own);
    link_each(source / "recipes", tree / "recipes");
    for (const auto& entry : fs::directory_iterator(source / "tests/system/recipes"))
        if (entry.is_directory())
            fs::create_directory_symlink(fs::absolute(entry.path()),
                                         tree / "recipes" / entry.path().filename());
    link_each(source / "images", tree / "images");
    fs::remove(tree / "images/definitions");
    link_each(source / "images/definitions", tree / "images/definitions");
}

/// The root of trust is the same in every run: images that hold it are then not made anew. The keys are a
/// copy, because 'repo init' leaves that root beside them.
void Maker::make_repository() const {
    const fs::path empty = kept_ / "repository";
    if (!fs::exists(empty / "metadata/1.root.json")) {
        fs::remove_all(kept_);
        make_directories(kept_);
        fs::copy(source / "tests/data/keys", kept_ / "keys", fs::copy_options::recursive);
        run({"repo", "init", empty, "--insecure-dev"});
    }
    fs::copy(empty, repository(), fs::copy_options::recursive);
    run({"repo", "refresh", repository()});
}

fs::path Maker::build(const std::string& version, const std::string& more) {
    const fs::path definition = directory_.path() / "tree/images/definitions/device.toml";
    write_file(definition, std::format("extends = \"dev\"\nsummary = \"for tests of updates\"\n"
                                       "version = \"{}\"\n{}",
                                       version, more));
    const std::string_view architecture = layout::to_text(architecture_);
    const fs::path output = kept_ / version;
    run({"build-image", "device", "--arch", std::string(architecture), "-o", output});
    return output / std::format("device-{}", architecture);
}

void Maker::publish(const fs::path& image, const std::vector<std::string>& more) {
    std::vector<std::string> command = {"repo", "publish", repository(), "--image", image, "--insecure-dev"};
    command.insert(command.end(), more.begin(), more.end());
    run(command);
    serve();
}

void Maker::serve() {
    for (const auto& entry : fs::recursive_directory_iterator(repository()))
        if (entry.is_regular_file())
            server_.serve("/" + entry.path().lexically_relative(repository()).string(),
                          read_file(entry.path()));
}

std::string Maker::address() const {
    return replace_all(server_.address(), "127.0.0.1", "10.0.2.2");
}

void Maker::export_to(const fs::path& folder) const {
    run({"repo", "export", directory_.path() / "repository", folder, "--expires", "180d"});
}

void Maker::export_others_to(const fs::path& folder) const {
    const TemporaryDirectory others;
    const fs::path keys = others.path() / "keys";
    run({"keys", "init", "--insecure-dev"}, keys);
    run({"repo", "init", others.path() / "repository", "--insecure-dev"}, keys);
    run({"repo", "export", others.path() / "repository", folder, "--expires", "180d"}, keys);
}

void Maker::run(const std::vector<std::string>& arguments) const {
    run(arguments, kept_ / "keys");
}

void Maker::run(const std::vector<std::string>& arguments, const fs::path& keys) const {
    std::vector<std::string> command = {CAIRN_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    run_command_checked({.arguments = command,
                         .environment = {"CAIRN_ROOT=" + (directory_.path() / "tree").string(),
                                         "CAIRN_KEYS=" + keys.string()}});
}

}  // namespace cairn::system_test
