#include "tests/load/misuse.h"

#include <chrono>
#include <format>
#include <string_view>
#include <thread>

#include "tests/unit/installer/daemon/api_client.h"

namespace cairn::load {
namespace {

using daemon::ApiClient;
using Connect = std::function<ApiClient()>;

constexpr const char* json = "Content-Type: application/json\r\n";
constexpr int drips = 16;  // fewer than would be over before the server gives up
constexpr auto between_drips = std::chrono::milliseconds(500);

std::string head_of_change(std::string_view headers) {
    return std::format("PATCH /settings?tx=bad HTTP/1.1\r\nHost: device\r\n{}{}\r\n", json, headers);
}

/// Byte by byte, as long as the server takes it.
int drip(ApiClient client, std::string_view start) {
    client.send(start);
    for (int number = 0; number < drips; ++number) {
        std::this_thread::sleep_for(between_drips);
        client.send(" ");
    }
    return client.receive().status;
}

int send(ApiClient client, std::string_view bytes) {
    client.send(bytes);
    return client.receive().status;
}

int change(ApiClient client, const std::string& body, const std::string& headers = json) {
    return client.ask("PATCH", "/settings?tx=bad", headers, body).status;
}

std::string in_chunks(std::size_t bytes) {
    std::string text;
    for (std::size_t sent = 0; sent < bytes; sent += 0x10000)
        text += "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
    return text + "0\r\n\r\n";
}

std::string noise() {
    std::string bytes(500, '\0');
    std::uint32_t state = 1;
    for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return bytes;
}

}  // namespace

std::vector<Misuse> all_misuses(const std::filesystem::path& socket, std::uint16_t tls_port,
                                const crypto::TlsIdentity& reader, const crypto::TlsIdentity& stranger) {
    const auto admin = [socket] { return ApiClient(socket); };
    const auto known = [tls_port, &reader] { return ApiClient(tls_port, &reader); };
    const auto unknown = [tls_port, &stranger] { return ApiClient(tls_port, &stranger); };
    const auto nobody = [tls_port] { return ApiClient(tls_port, nullptr); };
    constexpr std::size_t too_much = (std::size_t{1} << 20) + 1;
    return {
        {"slow head", 408, [=] { return drip(admin(), "GET /os HTTP/1.1\r\nX:"); }},
        {"slow head over TLS", 408, [=] { return drip(known(), "GET /os HTTP/1.1\r\nX:"); }},
        {"slow body", 408, [=] { return drip(admin(), head_of_change("Content-Length: 100\r\n")); }},
        {"no handshake", 0, [=] { return ApiClient(tls_port).receive().status; }},

        {"huge body, announced", 413,
         [=] { return send(admin(), head_of_change("Content-Length: 99999999999\r\n")); }},
        {"huge body, sent", 413, [=] { return change(admin(), std::string(too_much, ' ')); }},
        {"huge body in chunks", 413,
         [=] {
             return send(admin(), head_of_change("Transfer-Encoding: chunked\r\n") + in_chunks(too_much));
         }},
        {"huge head", 431,
         [=] { return admin().ask("GET", "/os", "X: " + std::string(9000, 'a') + "\r\n").status; }},

        {"noise", 400, [=] { return send(admin(), noise() + "\r\n\r\n"); }},
        {"JSON cut short", 400, [=] { return change(admin(), R"({"network": )"); }},
        {"JSON that is no object", 400, [=] { return change(admin(), "[1]"); }},
        {"JSON nested too deep", 400,
         [=] { return change(admin(), "{\"network\": " + std::string(100'000, '[')); }},
        {"JSON with a name twice", 400, [=] { return change(admin(), R"({"network": {}, "network": {}})"); }},
        {"a setting that there is not", 400,
         [=] {
             ApiClient client = admin();
             client.ask("PATCH", "/settings?tx=wrong", json, R"({"nothing": 1})");
             return client.post("/tx/commit?tx=wrong", "{}").status;
         }},
        {"no JSON at all", 415, [=] { return change(admin(), "{}", ""); }},
        {"another's page", 403,
         [=] { return change(admin(), "{}", std::string(json) + "Origin: https://evil.example\r\n"); }},

        {"unknown path", 404, [=] { return admin().get("/nowhere").status; }},
        {"unknown method", 405, [=] { return admin().ask("DELETE", "/os", json).status; }},
        {"wrong role, changing", 403, [=] { return change(known(), "{}"); }},
        {"wrong role, restarting", 403, [=] { return known().post("/actions/reboot", "{}").status; }},
        {"wrong role, reading", 403, [=] { return known().get("/logs").status; }},
        {"wrong certificate", 401, [=] { return unknown().get("/os").status; }},
        {"no certificate", 401, [=] { return nobody().get("/os").status; }},
    };
}

}  // namespace cairn::load
