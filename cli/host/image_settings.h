#pragma once

#include "images/assemble/definition.h"
#include "images/assemble/packaged_tree.h"

namespace cairn::host {

/// Reads what the packages of an image say about settings (pieces, templates, migrations) with the
/// definition's defaults, as the device will. Throws UsageError for what would only show there: two packages
/// that own one setting, a default that is not allowed, a template that names no setting or cannot be made
/// from the defaults, a settings format to which no migration leads.
void check_image_settings(const assemble::ImageDefinition& definition, const assemble::PackagedTree& root);

}  // namespace cairn::host
