#pragma once

#include <sys/types.h>

#include <filesystem>

namespace cairn::settings {

/// While it lives, this thread's files are made and opened with the rights of a directory's owner: what root
/// writes into another user's directory then belongs to that user, and no link there leads it further than
/// that user could go. Where we are not root, or root owns the directory, it changes nothing.
class AsOwner {
  public:
    explicit AsOwner(const std::filesystem::path& directory);
    AsOwner(const AsOwner&) = delete;
    AsOwner& operator=(const AsOwner&) = delete;
    ~AsOwner();

  private:
    bool is_changed_ = false;
};

}  // namespace cairn::settings
