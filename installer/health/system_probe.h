#pragma once

#include "installer/health/check.h"

namespace cairn::health {

/// The running system, asked with the rights of the calling process. Not for several threads at once.
class SystemProbe : public Probe {
  public:
    struct Places {
        std::filesystem::path root = "/";
        std::filesystem::path api_socket = "/run/cairn/api.sock";
    };
    struct Limits {
        std::chrono::milliseconds api{5'000};
        std::chrono::milliseconds program{20'000};
    };
    explicit SystemProbe(Places places) : SystemProbe(std::move(places), Limits()) {}
    SystemProbe(Places places, const Limits& limits) : places_(std::move(places)), limits_(limits) {}

    services::ServiceList read_services() override;
    std::string read_log_end(const std::string& service) override;
    HttpAnswer ask_http(const HttpStatus& check) override;
    HttpAnswer ask_api() override;
    std::optional<std::string> connect_tcp(const TcpConnects& check) override;
    ProgramResult run(const std::filesystem::path& program) override;
    std::optional<std::chrono::seconds> find_age(const std::filesystem::path& path) override;
    std::optional<std::string> find_settings_problem() override;
    std::optional<std::string> find_root_damage() override;

  private:
    Places places_;
    Limits limits_;
};

}  // namespace cairn::health
