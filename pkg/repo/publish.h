#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/package/head.h"
#include "pkg/repo/repository.h"
#include "pkg/repo/updates_file.h"

namespace cairn::repo {

/// One file that is to be a target.
struct Publication {
    std::string target;            // name: "packages/x86_64/zlib_1.3.1_x86_64.cpkg"
    std::string role;              // that lists it
    std::filesystem::path source;  // or else
    std::string text;              // the content itself, of small files that are made here
    tuf::FileDescription file;
};

/// One target that a role is to list no longer; its file stays.
struct Removal {
    std::string target;
    std::string role;
};

/// What a publish will do. Equal targets that are there already are left out.
struct PublishPlan {
    std::vector<Publication> added;
    std::vector<std::string> present;  // names of those that are there already, with the same content
    std::vector<Removal> removed;
};

/// A folder that build-image made.
struct ImageFolder {
    std::filesystem::path path;
    /// What its image.json says of the payload, whose files are in the repository already (payload_files.h).
    /// Null: devices cannot fetch it, only people.
    Json payload = nullptr;
    OfferTerms terms = {};
};

/// What to publish.
struct PublishRequest {
    std::vector<std::filesystem::path> packages;  // .cpkg files
    std::vector<ImageFolder> images = {};
    std::string channel = "packages";  // of the packages
    bool allows_development_keys = false;
};

/// Opens and verifies what is to be published. Throws VerifyError for packages by other signers and payloads
/// that are not there, UsageError for the same name and version with other content, and for what was made
/// with development keys.
PublishPlan plan_publish(Repository& repository, const PublishRequest& request,
                         const package::AllowedKeys& signers);

/// Copies the files in, then signs and commits the roles that list them. Nothing to do: nothing is written.
CommitResult publish(Repository& repository, const PublishPlan& plan, const Signing& signing, tuf::Time now);

/// Where a target's file is below the repository: with its hash in front of its name.
std::filesystem::path target_file(const Repository& repository, const std::string& target,
                                  const tuf::FileDescription& file);

}  // namespace cairn::repo
