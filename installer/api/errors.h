#pragma once

#include "pkg/base/error.h"

/// Errors that the device API answers with a status of their own; the helper's protocol names them too.
namespace cairn::api {

/// What is asked for does not fit the state that the device is in (409).
class Conflict : public Error {
    using Error::Error;
};

/// Something else holds the lock that this needs; the same request may be made again later (423).
class Busy : public Error {
    using Error::Error;
};

/// The caller may not do this (403).
class Forbidden : public Error {
    using Error::Error;
};

/// There is no such thing here (404).
class NotFound : public Error {
    using Error::Error;
};

}  // namespace cairn::api
