#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "installer/slots/trial.h"

/// Versions that this device is not offered again, and why: /var/lib/cairn/update/denied.json, see FORMAT.md.
namespace cairn::slots {

struct DeniedVersion {
    ImageVersion image;
    Ban ban = Ban::denied;
    std::string cause;      // at most 4096 bytes, what is longer is cut
    std::int64_t time = 0;  // seconds since 1970 by the machine's clock
    friend bool operator==(const DeniedVersion&, const DeniedVersion&) = default;
};
/// The cause of a version that an operator has rolled back from.
inline constexpr std::string_view by_operator = "by operator";

/// A plain value; who changes it writes it back.
class DenyList {
  public:
    /// Throws Error for everything that FORMAT.md does not allow.
    static DenyList parse(std::string_view text, std::string_view name);
    /// No file: an empty list.
    static DenyList read(const std::filesystem::path& path);
    /// Replaces the file at one stroke, synced.
    void write(const std::filesystem::path& path) const;
    std::string to_text() const;

    const std::vector<DeniedVersion>& versions() const { return versions_; }
    std::optional<DeniedVersion> find(const ImageVersion& image) const;

    /// Adds, or replaces what is said of the same version. Beyond 64 the oldest goes.
    void add(DeniedVersion version);
    /// False when it is not on the list.
    bool clear(const ImageVersion& image);
    /// The running version was found good: what failed in both may be offered again.
    void lift_holds();
    friend bool operator==(const DenyList&, const DenyList&) = default;

  private:
    std::vector<DeniedVersion> versions_;
};

}  // namespace cairn::slots
