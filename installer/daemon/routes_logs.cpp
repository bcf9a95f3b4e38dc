#include <atomic>
#include <charconv>
#include <format>
#include <memory>

#include "installer/api/errors.h"
#include "installer/daemon/device_files.h"
#include "installer/daemon/log_bundle.h"
#include "installer/daemon/routes.h"
#include "installer/daemon/service_logs.h"

namespace cairn::daemon {
namespace {

using api::Answer;
using api::Request;
using api::Role;

constexpr std::size_t default_lines = 200;
constexpr std::size_t most_lines = 100'000;

std::size_t read_lines(const Request& request) {
    const auto found = request.query.find("lines");
    if (found == request.query.end()) return default_lines;
    const std::string& text = found->second;
    std::size_t lines = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lines);
    if (error != std::errc() || end != text.data() + text.size() || lines == 0 || lines > most_lines)
        throw UsageError(std::format("'lines' is '{}': not a number from 1 to {}", text, most_lines));
    return lines;
}

/// A part that cannot be told is no reason to have no bundle.
std::string try_text(const std::function<Json()>& make) {
    try {
        return format_json(make());
    } catch (const std::exception& error) {
        return std::format("{}\n", error.what());
    }
}

/// One bundle at a time: each takes memory and reads all logs.
class OneAtATime {
  public:
    explicit OneAtATime(std::shared_ptr<std::atomic_flag> flag) : flag_(std::move(flag)) {
        if (flag_->test_and_set()) throw api::Busy("another bundle is just being made");
    }
    OneAtATime(const OneAtATime&) = delete;
    OneAtATime& operator=(const OneAtATime&) = delete;
    ~OneAtATime() { flag_->clear(); }

  private:
    std::shared_ptr<std::atomic_flag> flag_;
};

Answer make_bundle(const Device& device, SettingsControl& settings, UpdateControl& updates,
                   const Reports& reports, const std::shared_ptr<std::atomic_flag>& flag) {
    const auto alone = std::make_shared<OneAtATime>(flag);
    const Json release = read_object(device.root / "usr/lib/cairn/release.json");
    const auto request = std::make_shared<BundleRequest>(BundleRequest{
        .root = device.root,
        .folder = std::format("{}-{}-{}", text_of(release, "name"), text_of(release, "version"),
                              device.clock.now()),
        .texts = {{"settings.json", try_text([&] { return settings.show(SettingsControl::Which::set, {}); })},
                  {"update-status.json", try_text([&] { return updates.status(); })},
                  {"services.json", try_text(reports.services)},
                  {"health.json", try_text(reports.health)}},
        .time = device.clock.now()});
    return {.content_type = "application/zstd",
            .headers = {{"Content-Disposition",
                         std::format("attachment; filename=\"{}.tar.zst\"", request->folder)}},
            .stream = [request, alone](const api::Write& write) { return write_bundle(*request, write); }};
}

Answer get_logs(const Request& request, const Device& device) {
    const auto service = request.query.find("service");
    if (service == request.query.end())
        return api::make_json_answer({{"services", find_logged_services(device.root)}});
    return {.content_type = "text/plain; charset=utf-8",
            .body = read_last_lines(device.root, service->second, read_lines(request))};
}

}  // namespace

void add_log_routes(Router& router, const Device& device, SettingsControl& settings, UpdateControl& updates,
                    const Reports& reports) {
    const auto flag = std::make_shared<std::atomic_flag>();
    router.add("GET", "/logs", Role::operator_,
               [&device, &settings, &updates, &reports, flag](const Request& request, auto&) {
                   const auto bundle = request.query.find("bundle");
                   if (bundle != request.query.end() && bundle->second == "true")
                       return make_bundle(device, settings, updates, reports, flag);
                   return get_logs(request, device);
               });
}

}  // namespace cairn::daemon
