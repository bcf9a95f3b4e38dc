#pragma once

namespace cairn::term {

/// The exit codes of every program here.
enum ExitCode : int {
    success = 0,
    failure = 1,       // the job could not be done; also every refusal of something that did not verify
    usage = 2,         // the request itself is wrong: arguments, a recipe, a definition
    interrupted = 130  // stopped by Ctrl-C or SIGTERM; the next run goes on from what is whole
};

}  // namespace cairn::term
