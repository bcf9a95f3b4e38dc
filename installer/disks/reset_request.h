#pragma once

#include "images/layout/guid.h"
#include "pkg/base/dir.h"

/// An admin's wish that the next boot makes the `data` partition anew: a file on the ESP, `cairn/reset-data`,
/// that holds the GUID of the disk's table and a line end. It lies on the ESP because it must outlast the
/// file system that it is about, and names the disk because an ESP's files may be copied to another one.
///
/// The first process makes the file system and then removes the request: power may fail in between, it is
/// then made once more.
namespace cairn::disks {

/// Synced when it returns. `esp` is the top of the mounted ESP.
void request_reset(const Dir& esp, const layout::Guid& disk);
/// False also for a request that names another disk or cannot be read.
bool has_reset_request(const Dir& esp, const layout::Guid& disk);
/// Synced when it returns. Not there is fine.
void remove_reset_request(const Dir& esp);

}  // namespace cairn::disks
