#include "installer/disks/reset_request.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <span>
#include <string>

#include "images/layout/paths.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::disks {

namespace {

constexpr std::string_view request_file = layout::paths::esp_reset_data;
constexpr std::string_view unfinished_file = "cairn/reset-data.part";

void sync_all(const Dir& esp) {
    if (syncfs(esp.fd()) != 0) throw SystemError("cannot sync the ESP");
}

void remove_if_there(const Dir& esp, std::string_view file) {
    if (esp.find_status(file)) esp.remove_file(file);
}

}  // namespace

void request_reset(const Dir& esp, const layout::Guid& disk) {
    remove_reset_request(esp);
    esp.make_directories(layout::paths::esp_cairn_folder, 0700);
    {
        const Fd file = esp.open_file(unfinished_file, O_WRONLY | O_CREAT | O_EXCL);
        write_all(file.get(), layout::to_text(disk) + "\n", std::string(unfinished_file));
        sync_fd(file.get(), std::string(unfinished_file));
    }
    esp.rename(unfinished_file, request_file);  // a new name: no file is renamed over another on a FAT
    sync_all(esp);
}

bool has_reset_request(const Dir& esp, const layout::Guid& disk) {
    try {
        if (!esp.find_status(request_file)) return false;
        std::array<std::uint8_t, 64> bytes = {};
        const Fd file = esp.open_file(request_file, O_RDONLY);
        const std::size_t count = read_up_to(file.get(), bytes, std::string(request_file));
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), count);
        return layout::find_guid(trim(text)) == disk;
    } catch (const Error&) {
        return false;
    }
}

void remove_reset_request(const Dir& esp) {
    if (!esp.find_status(layout::paths::esp_cairn_folder)) return;
    remove_if_there(esp, unfinished_file);
    remove_if_there(esp, request_file);
    sync_all(esp);
}

}  // namespace cairn::disks
