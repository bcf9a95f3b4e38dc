#pragma once

#include <string>

#include "cli/term/columns.h"
#include "pkg/base/json.h"

/// Answers of the device as pages for people; pure.
namespace cairn::device {

struct StatusAnswers {
    Json os;
    Json updates;
    Json health;
    Json services;
};

/// Who the device is, what runs in both slots, how an update stands, health, services, and what happened.
std::string format_status(const StatusAnswers& answers, term::Painting painting);
std::string format_health(const Json& health, term::Painting painting);
std::string format_services(const Json& services, term::Painting painting);
std::string format_os(const Json& os, term::Painting painting);
/// The version that is offered: date, notes, bytes, packages that change; and why others are not.
std::string format_offer(const Json& updates, term::Painting painting);

}  // namespace cairn::device
