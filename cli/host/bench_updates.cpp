#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <format>
#include <print>
#include <string_view>
#include <utility>

#include "cli/host/bench.h"
#include "cli/host/counting_transport.h"
#include "cli/host/repo_payload.h"
#include "cli/term/progress.h"
#include "images/layout/verity_format.h"
#include "images/payload/image_json.h"
#include "installer/update/slot_check.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/net/curl_transport.h"
#include "pkg/net/free_port.h"
#include "pkg/repo/publish.h"
#include "pkg/tuf/client.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uint64_t block_size = layout::verity_block_size;
constexpr std::uint64_t bytes_at_once = update::blocks_at_once * block_size;

std::string self() {
    return fs::read_symlink("/proc/self/exe").string();
}

// ---- versions

/// What one version changes: a line that is added to a file of a recipe.
struct Change {
    std::string what;
    std::string recipe;
    std::string file;
    std::string line;
};

const Change changes[] = {
    {.what = "one line of a configuration file",
     .recipe = "base-files",
     .file = "etc/profile",
     .line = "# one line more\n"},
    {.what = "a program of 1 MB: busybox with one applet more",
     .recipe = "busybox",
     .file = "busybox.config",
     .line = "CONFIG_FACTOR=y\n"},
};

void link_each(const fs::path& from, const fs::path& to) {
    make_directories(to);
    for (const fs::directory_entry& entry : fs::directory_iterator(from))
        fs::create_symlink(fs::absolute(entry.path()), to / entry.path().filename());
}

/// Further versions of an image, by build-image over a tree of links to the repository in which one recipe
/// and the image's definition are others.
class Versions {
  public:
    Versions(const Host& host, std::string image, std::string architecture)
        : host_(host), image_(std::move(image)), architecture_(std::move(architecture)) {}

    /// The folder of the version that the repository has, made if it is not up to date.
    fs::path build_first() const {
        build(host_.repository(), host_.output());
        return host_.output() / std::format("{}-{}", image_, architecture_);
    }

    /// The folder of the first one with a change, in `place`, which is empty.
    fs::path build_next(const std::string& version, const Change& change, const fs::path& place) const {
        const fs::path tree = place / "tree";
        link_each(host_.repository(), tree);
        for (const char* own : {"recipes", "images"}) fs::remove(tree / own);
        link_each(host_.recipes(), tree / "recipes");
        fs::remove(tree / "recipes" / change.recipe);
        fs::copy(host_.recipes() / change.recipe, tree / "recipes" / change.recipe,
                 fs::copy_options::recursive);
        const fs::path file = tree / "recipes" / change.recipe / change.file;
        write_file(file, read_file(file) + change.line);
        fs::copy(host_.repository() / "images", tree / "images", fs::copy_options::recursive);
        const fs::path definitions = tree / "images/definitions";
        fs::rename(definitions / (image_ + ".toml"), definitions / "before.toml");
        write_file(
            definitions / (image_ + ".toml"),
            std::format("extends = \"before\"\nsummary = \"for measuring\"\nversion = \"{}\"\n", version));
        build(tree, place);
        return place / std::format("{}-{}", image_, architecture_);
    }

  private:
    void build(const fs::path& tree, const fs::path& output) const {
        run_command_checked(
            {.arguments = {self(), "build-image", image_, "--arch", architecture_, "-o", output.string()},
             .environment = {"CAIRN_ROOT=" + tree.string()}});
    }

    const Host& host_;
    std::string image_;
    std::string architecture_;
};

// ---- the server

/// A repository with keys of its own, served by BusyBox, which knows ranges.
class Served {
  public:
    explicit Served(const fs::path& folder)
        : folder_(folder / "repository"),
          keys_(crypto::KeyDirectory::init(folder / "keys", std::nullopt)),
          port_(net::find_free_port()) {
        repo::Repository::init(folder_, keys_, std::time(nullptr));
        server_.emplace(
            Child::start({.arguments = {"busybox", "httpd", "-f", "-p", std::format("127.0.0.1:{}", port_),
                                        "-h", folder_.string()}}));
    }

    void publish(const fs::path& image) {
        repo::Repository repository = repo::Repository::open(folder_);
        const repo::PublishPlan plan =
            plan_publish(repository,
                         {.images = {{.path = image, .payload = put_payload(repository, image)}},
                          .allows_development_keys = true},
                         package::AllowedKeys({keys_.public_key(crypto::Role::package)}));
        repo::publish(repository, plan, repo::sign_with(keys_), std::time(nullptr));
    }
    std::string address() const { return std::format("http://127.0.0.1:{}", port_); }
    std::string root() const { return read_file(folder_ / "metadata" / "1.root.json"); }

  private:
    fs::path folder_;
    crypto::KeyDirectory keys_;
    std::uint16_t port_;
    std::optional<Child> server_;
};

// ---- the device

/// What a device knows of versions, and asks for to learn of one more.
class Follower {
  public:
    Follower(const Served& served, const fs::path& folder, net::Transport& network)
        : served_(served), folder_(folder), network_(network) {
        tuf::Client::init(served.root(), folder_ / "state");
    }

    struct Learned {
        payload::ImageDescription image;
        std::uint64_t bytes = 0;  // metadata, and the targets that describe the version
    };
    Learned learn(const fs::path& image) const {
        const Json manifest = read_json(image / "manifest.json");
        const std::string place = std::format("images/{}/{}", manifest.at("name").get<std::string>(),
                                              manifest.at("architecture").get<std::string>());
        const std::string version = manifest.at("version").get<std::string>();
        const std::string description = std::format("{}/{}/image.json", place, version);
        CountingTransport counting(network_);
        tuf::Client client({.state = folder_ / "state",
                            .metadata_mirrors = {served_.address() + "/metadata"},
                            .now = std::time(nullptr)},
                           counting);
        client.refresh();
        for (const std::string& target :
             {place + "/updates.json", description, std::format("{}/{}/boot.json", place, version)}) {
            CHECK(client.find_target(target));
            client.download(target, {served_.address() + "/targets"}, folder_ / "targets");
        }
        return {payload::parse_image(read_json(folder_ / "targets" / description), description),
                counting.bytes()};
    }

  private:
    const Served& served_;
    fs::path folder_;
    net::Transport& network_;
};

/// Two files that stand for a slot's partitions.
class SlotFiles {
  public:
    static SlotFiles of_image(const fs::path& image) {
        return {open_file(image / "root.erofs", O_RDONLY), open_file(image / "root.verity", O_RDONLY)};
    }
    static SlotFiles make(const fs::path& folder) {
        return {open_file(folder / "slot-root", O_RDWR | O_CREAT),
                open_file(folder / "slot-verity", O_RDWR | O_CREAT)};
    }

    /// As large as that of `other`, and nothing in it.
    void become_empty(const SlotFiles& other) const {
        for (const auto& [own, size] : {std::pair{root_.get(), file_size(other.root_.get(), "root")},
                                        std::pair{verity_.get(), file_size(other.verity_.get(), "verity")}})
            if (ftruncate(own, 0) != 0 || ftruncate(own, static_cast<off_t>(size)) != 0)
                throw SystemError("cannot empty a slot");
    }
    /// The yardstick: its bytes, and nothing else.
    void copy_from(const SlotFiles& other) const {
        std::vector<std::uint8_t> piece(bytes_at_once);
        for (const auto& [from, to] :
             {std::pair{other.root_.get(), root_.get()}, std::pair{other.verity_.get(), verity_.get()}}) {
            const std::uint64_t size = file_size(from, "slot");
            for (std::uint64_t at = 0; at < size; at += piece.size()) {
                const auto part = std::span(piece).first(std::min<std::uint64_t>(piece.size(), size - at));
                read_exactly_at(from, part, at, "slot");
                write_all_at(to, part, at, "slot");
            }
            sync_fd(to, "slot");
        }
    }
    update::Slot slot() const {
        return {
            .root = {.fd = root_.get(), .size = file_size(root_.get(), "root"), .name = "root"},
            .verity = {.fd = verity_.get(), .size = file_size(verity_.get(), "verity"), .name = "verity"}};
    }

  private:
    SlotFiles(Fd root, Fd verity) : root_(std::move(root)), verity_(std::move(verity)) {}

    Fd root_;
    Fd verity_;
};

struct Filled {
    update::FillResult result;
    milliseconds time{0};
};

/// Into an empty slot, by the code that devices run.
Filled fill(const Served& served, const payload::ImageDescription& wanted, const SlotFiles& idle,
            const SlotFiles& finished, const std::optional<update::SourceSlot>& running,
            net::Transport& network) {
    Filled filled;
    filled.time = measure(
        [&] {
            filled.result = update::fill_slot({.wanted = wanted.payload,
                                               .idle = idle.slot(),
                                               .running = running,
                                               .payload = served.address() + "/targets/payload",
                                               .proxy = ""},
                                              network);
        },
        [&] { idle.become_empty(finished); });
    update::verify_slot(idle.slot(), wanted.payload);
    return filled;
}

// ---- what is printed

std::string share(std::uint64_t bytes, std::uint64_t of) {
    return std::format("{:.4f}", static_cast<double>(bytes) / static_cast<double>(of));
}

std::string describe(const update::FillResult& result, std::uint64_t learned) {
    return std::format("metadata and descriptions {}, hash tree {}, index {}, frames {}, in {} requests",
                       format_bytes(learned), format_bytes(result.bytes_of_tree),
                       format_bytes(result.bytes_of_index), format_bytes(result.bytes_of_frames),
                       result.requests);
}

}  // namespace

void bench_updates(const Host& host, const std::string& image, const std::string& architecture) {
    const TemporaryDirectory directory;
    const Versions versions(host, image, architecture);
    std::println(stderr, "building the version that devices have, and those that they are to get");
    const fs::path first = versions.build_first();
    const std::string first_version = read_json(first / "manifest.json").at("version").get<std::string>();

    Served served(directory.path());
    served.publish(first);
    net::CurlTransport network;
    const Follower device(served, directory.path() / "device", network);
    const Follower::Learned known = device.learn(first);
    const SlotFiles idle = SlotFiles::make(directory.path());
    const SlotFiles source = SlotFiles::of_image(first);
    const auto running = update::find_source(source.slot(), known.image.payload.root_hash);
    CHECK(running);

    // The yardsticks: everything fetched, and everything written by plain writes.
    const Filled everything = fill(served, known.image, idle, source, std::nullopt, network);
    const std::uint64_t all_bytes = everything.result.bytes_fetched() + known.bytes;
    const milliseconds writing = measure([&] { idle.copy_from(source); }, [&] { idle.become_empty(source); });
    const std::uint64_t packed = packed_size(first / "root.erofs");

    std::vector<std::vector<std::string>> rows{{std::format("update of {}, {}", image, architecture),
                                                "fetched", "of zstd -19", "of everything", "time",
                                                "of everything's", "of writing's"}};
    const auto add_row = [&](const std::string& what, std::uint64_t bytes, milliseconds time) {
        rows.push_back({what, format_bytes(bytes), share(bytes, packed), share(bytes, all_bytes),
                        format_duration(time), std::format("{:.2f}", ratio(time, everything.time)),
                        std::format("{:.2f}", ratio(time, writing))});
    };
    std::vector<std::string> notes;
    int number = 0;
    for (const Change& change : changes) {
        const fs::path place = directory.path() / std::format("next{}", ++number);
        const fs::path next = versions.build_next(std::format("{}.{}", first_version, number), change, place);
        served.publish(next);
        const Follower::Learned learned = device.learn(next);
        const Filled filled = fill(served, learned.image, idle, SlotFiles::of_image(next), running, network);
        add_row(change.what, filled.result.bytes_fetched() + learned.bytes, filled.time);
        notes.push_back(std::format("{}: {}", change.what, describe(filled.result, learned.bytes)));
        fs::remove_all(place);
    }
    add_row("everything, with nothing to copy from", all_bytes, everything.time);
    rows.push_back(
        {"plain writes of the same (yardstick)", "", "", "", format_duration(writing), "", "1.00"});
    rows.push_back({"the root by zstd -19 (yardstick)", format_bytes(packed), "1.0000", "", "", "", ""});
    std::print("{}", term::format_table(rows));
    for (const std::string& note : notes) std::println("{}", note);
    std::println("");
}

}  // namespace cairn::host
