#include <format>
#include <memory>
#include <print>

#include "cli/host/check_image.h"
#include "cli/host/host.h"
#include "cli/host/image_build.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"

namespace cairn::host {
namespace {

struct Options {
    BuildOptions build;
    std::vector<std::string> images;
    std::string output;
    bool is_check = false;
    bool is_json = false;
};

Json to_json(const ImageResult& result) {
    return {{"image", result.name},
            {"architecture", recipe::to_string(result.architecture)},
            {"directory", result.directory.string()},
            {"made", result.was_made}};
}

void print_result(const ImageResult& result) {
    const auto disk = result.directory / "disk.img";
    if (!result.was_made) {
        std::println("{} for {} is up to date: {}", result.name, recipe::to_string(result.architecture),
                     disk.string());
        return;
    }
    const Json manifest = read_json(result.directory / "manifest.json");
    std::println("{} {} for {}: {}", result.name, manifest.at("version").get<std::string>(),
                 recipe::to_string(result.architecture), disk.string());
    std::println("  root hash {}", manifest.at("root_hash").get<std::string>());
}

int run_build_image(Host& host, const Options& options) {
    Session session(host, options.build);
    const std::vector<std::string> images =
        options.images.empty() ? std::vector<std::string>{"base"} : options.images;
    const std::filesystem::path output =
        options.output.empty() ? host.output() : std::filesystem::path(options.output);
    Json results = Json::array();
    for (const recipe::Architecture architecture : parse_architectures(options.build.architecture)) {
        for (const std::string& image : images) {
            const ImageResult result = with_context(std::format("building image '{}'", image), [&] {
                return build_image(session, image, images, architecture, output);
            });
            if (options.is_json) {
                results.push_back(to_json(result));
            } else {
                print_result(result);
            }
            if (options.is_check) check_image(host, options.build, image, images, architecture, output);
        }
    }
    if (options.is_json) std::print("{}", format_json(results));
    if (session.did_something()) {
        session.print_summary();
        if (!options.is_json) std::println(stderr, "\n'cairn run {}' boots it in QEMU", images.front());
    }
    return term::success;
}

}  // namespace

void add_build_image_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& command = root.add_command(
        "build-image", "Build recipes, sign packages, and make bootable images (the main job)");
    command.add_option("image", options->images, "images to build (images/definitions); base by default",
                       term::Completion::image);
    add_build_options(command, options->build);
    command.add_option("-o,--output", options->output, "where the image's folder goes; out/ by default",
                       term::Completion::directory);
    command.add_flag("--check", options->is_check,
                     "build everything a second time and compare, byte by byte");
    command.add_flag("--json", options->is_json, "print the results as JSON");
    command.set_example("cairn build-image base --arch aarch64");
    command.set_action([&host, options] { return run_build_image(host, *options); });
}

}  // namespace cairn::host
