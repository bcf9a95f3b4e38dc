#include "cli/host/run.h"

#include <bit>
#include <format>
#include <memory>
#include <optional>
#include <print>

#include "cli/host/host.h"
#include "images/emulator/disk_copy.h"
#include "images/emulator/emulator.h"
#include "images/emulator/image_folder.h"
#include "images/emulator/kvm_probe.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/recipe/recipe.h"

namespace cairn::host {

namespace {

namespace fs = std::filesystem;
using emulator::Machine;

/// Where the machine's own files are: kept beside the image, or gone with the run.
struct Workplace {
    std::unique_ptr<TemporaryDirectory> temporary = {};
    fs::path folder;
};

Workplace make_workplace(const RunOptions& options) {
    if (!options.keep) {
        auto temporary = std::make_unique<TemporaryDirectory>(fs::path(), "cairn-run");
        const fs::path folder = temporary->path();
        return {std::move(temporary), folder};
    }
    const fs::path folder = options.image_folder / "kept";
    if (options.fresh) remove_tree(folder);
    make_directories(folder);
    return {nullptr, folder};
}

fs::path find_image(const RunOptions& options) {
    const fs::path image = options.image_folder / "disk.img";
    if (fs::exists(image)) return image;
    throw UsageError(std::format("the image is not there: '{}'", image.string()))
        .hint("build it first with: cairn build-image");
}

std::uint64_t find_disk_size(const RunOptions& options, emulator::DiskKind kind) {
    // SD cards have sizes that are powers of two, in QEMU at least.
    return kind == emulator::DiskKind::sd ? std::bit_ceil(options.disk_size) : options.disk_size;
}

fs::path make_disk(const RunOptions& options, const Workplace& workplace, emulator::DiskKind kind) {
    const fs::path image = find_image(options);
    const fs::path disk = workplace.folder / "disk.qcow2";
    if (!fs::exists(disk)) {
        emulator::make_overlay(image, disk, find_disk_size(options, kind));
        return disk;
    }
    // What was kept are changes to one very image; on top of another they are rubble. Every run with --keep
    // looks, so an image made after the last one is a new one.
    if (fs::last_write_time(image) > fs::last_write_time(disk))
        throw UsageError("the kept disk belongs to an earlier build of this image")
            .detail("kept", disk.string())
            .hint("--fresh forgets it and starts with the new image");
    return disk;
}

Machine make_machine(const RunOptions& options, const Workplace& workplace) {
    const auto kind = emulator::find_disk_kind(options.disk_kind);
    if (!kind)
        throw UsageError(std::format("'{}' is not a kind of disk", options.disk_kind))
            .hint("virtio, nvme, ahci, usb or sd");
    Machine machine = {.architecture = options.architecture,
                       .memory_mib = options.memory_mib,
                       .processors = options.processors};
    for (const std::string& forward : options.forwards)
        machine.forwards.push_back(emulator::parse_forward(forward));
    machine.disks = {{.file = make_disk(options, workplace, *kind),
                      .format = emulator::Disk::Format::qcow2,
                      .kind = *kind,
                      .sector_size = emulator::find_sector_size(options.image_folder)}};
    machine.firmware =
        emulator::make_firmware(options.architecture, workplace.folder / "firmware-variables.fd");
    if (kind == emulator::DiskKind::sd) machine.boot_file = emulator::find_boot_file(options.image_folder);
    if (options.graphic) machine.screen = Machine::Screen::window;
    if (options.kvm) {
        if (emulator::has_working_kvm(options.architecture))
            machine.acceleration = Machine::Acceleration::kvm;
        else
            std::println(stderr, "no guest runs with KVM on this machine: going on with emulation");
    }
    return machine;
}

void print_hint(const RunOptions& options) {
    std::println(stderr, "starting {} ({}), {} of memory, {} processors",
                 options.image_folder.filename().string(),
                 options.keep ? "changes are kept" : "on a throw-away copy",
                 format_bytes(std::uint64_t{options.memory_mib} << 20), options.processors);
    std::println(stderr, "this terminal is the machine's serial console; Ctrl-A X ends the machine");
}

}  // namespace

int run_image(const RunOptions& options) {
    const Workplace workplace = make_workplace(options);
    const Machine machine = make_machine(options, workplace);
    const Command command = emulator::plan_emulator(machine);
    if (options.dry_run) {
        std::println("{}", join(command.arguments, " "));
        return 0;
    }
    if (!find_program(command.arguments[0]))
        throw Error(std::format("'{}' is not installed", command.arguments[0]))
            .hint(std::format("apt-get install {}", options.architecture == layout::Architecture::x86_64
                                                        ? "qemu-system-x86"
                                                        : "qemu-system-arm"));
    print_hint(options);
    return Child::start(command).wait();
}

namespace {

/// Options as they are typed.
struct TypedOptions {
    RunOptions run;
    std::optional<std::string> image;
    std::string architecture;
    std::string disk_size = "8G";
    std::uint64_t memory_mib = 1024;
    std::uint64_t processors = 2;
};

int run(const Host& host, const TypedOptions& typed) {
    const auto architectures = parse_architectures(typed.architecture);
    if (architectures.size() != 1) throw UsageError("a machine has one architecture");
    const std::string architecture(recipe::to_string(architectures.front()));
    RunOptions options = typed.run;
    options.image_folder = host.output() / std::format("{}-{}", typed.image.value_or("base"), architecture);
    options.architecture = layout::find_architecture(architecture).value();
    options.disk_size = emulator::parse_size(typed.disk_size);
    options.memory_mib = static_cast<std::uint32_t>(typed.memory_mib);
    options.processors = static_cast<std::uint32_t>(typed.processors);
    return run_image(options);
}

}  // namespace

void add_run_command(term::Command& root, Host& host) {
    const auto typed = std::make_shared<TypedOptions>();
    term::Command& command =
        root.add_command("run", "Boot an image in QEMU, with its console in this terminal");
    command.add_option("image", typed->image, "the image to boot; base by default", term::Completion::image);
    command.add_option("--arch", typed->architecture, "x86_64 or aarch64; this machine's by default",
                       term::Completion::architecture);
    command.add_flag("--keep", typed->run.keep,
                     "keep what the machine writes, and go on with it the next time");
    command.add_flag("--fresh", typed->run.fresh, "with --keep: forget what was kept before");
    command.add_option("--forward", typed->run.forwards, "a port here and a port of the guest: 2222:22");
    command.add_flag("--graphic", typed->run.graphic, "a window with the machine's screen");
    command.add_option("--disk-size", typed->disk_size, "how large the disk seems: 8G");
    command.add_option("--disk", typed->run.disk_kind,
                       "what the disk hangs on: virtio, nvme, ahci, usb or sd");
    command.add_option("--memory", typed->memory_mib, "MiB of memory: 1024");
    command.add_option("--cpus", typed->processors, "processors: 2");
    command.add_flag("--kvm", typed->run.kvm, "use KVM, when a guest really runs with it here");
    command.add_flag("--dry-run", typed->run.dry_run, "print QEMU's command line and stop");
    command.set_example("cairn run dev --forward 2222:22");
    command.set_action([&host, typed] { return run(host, *typed); });
}

}  // namespace cairn::host
