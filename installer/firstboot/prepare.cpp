#include "installer/firstboot/prepare.h"

#include <format>

#include "installer/firstboot/settings_file.h"
#include "installer/settings/formats.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"

namespace cairn::firstboot {
namespace {

using settings::ImageSettings;
using settings::Places;

/// The steps in their order, each under a handler of its own.
class Preparation {
  public:
    explicit Preparation(const PrepareRequest& request)
        : request_(request), places_(Places::below(request.root)) {}

    PrepareReport run() {
        attempt("making directories", [&] { make_device_directories(request_.root, request_.daemon); });
        attempt("making the machine's identity", [&] { make_identity(request_.root); });
        attempt("reading the image's settings", [&] {
            image_ = settings::read_image_settings(places_.image);
            problem_ = attempt("opening the settings", [&] { start(); });
            if (request_.data == Data::kept) attempt("taking first-boot settings", [&] { take_file(); });
        });
        report_.applied = settings::apply_settings(
            {.places = places_, .occasion = settings::Occasion::boot, .group = group(), .problem = problem_});
        if (!report_.applied.problem.empty())
            say("the defaults are in effect instead of the settings:\n" + report_.applied.problem);
        return std::move(report_);
    }

  private:
    void say(const std::string& text) {
        for (const std::string& line : split(text, '\n')) report_.lines.push_back(line);
    }

    /// Gives what went wrong, said already; empty: nothing did.
    std::string attempt(const char* step, const std::function<void()>& work) {
        try {
            work();
            return "";
        } catch (const Error& error) {
            say(std::format("{}: {}", step, error.report()));
            return error.report();
        } catch (const std::exception& error) {
            say(std::format("{}: {}", step, error.what()));
            return error.what();
        }
    }

    void start() {
        const std::string version = read_json(places_.image / "release.json").value("version", "");
        const settings::StoreStart start = settings::start_version(places_, *image_, version, request_.now);
        if (start == settings::StoreStart::migrated)
            say(std::format("the settings were migrated to format {}", image_->format));
    }

    void take_file() {
        const auto before = find_outcome(places_);
        if ((before && before->is_removed) || !request_.with_esp) return;
        Outcome outcome;
        request_.with_esp([&](const std::filesystem::path& esp) {
            outcome = take_settings_file(places_, *image_, read_rules(places_.image), esp, request_.now);
        });
        if (outcome.kind == Outcome::Kind::accepted)
            say("first-boot settings were taken: " + join(outcome.settings, ", "));
        if (outcome.kind == Outcome::Kind::refused) say("first-boot settings were refused: " + outcome.why);
    }

    std::optional<gid_t> group() const {
        return request_.daemon ? std::optional(request_.daemon->group) : std::nullopt;
    }

    const PrepareRequest& request_;
    Places places_;
    std::optional<ImageSettings> image_;
    std::string problem_;
    PrepareReport report_;
};

}  // namespace

PrepareReport prepare_device(const PrepareRequest& request) {
    return Preparation(request).run();
}

}  // namespace cairn::firstboot
