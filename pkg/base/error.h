#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Errors of every program here: one exception type that gathers context on its way out.
///
/// A message says what could not be done, to which thing, and why; details name the things; context lines say
/// which larger job was under way; a hint says what the person can do. Subclasses exist only where a caller
/// acts differently on them.
namespace cairn {

class Error : public std::exception {
  public:
    explicit Error(std::string message) : message_(std::move(message)) {}

    /// Adds a `name: value` line below the message. Returns the error itself, so it can be thrown in one
    /// statement.
    template <class Self>
    Self&& detail(this Self&& self, std::string name, std::string value) {
        self.details_.emplace_back(std::move(name), std::move(value));
        return std::forward<Self>(self);
    }

    /// What the person can do about it; the last one given counts.
    template <class Self>
    Self&& hint(this Self&& self, std::string text) {
        self.hint_ = std::move(text);
        return std::forward<Self>(self);
    }

    /// Adds the larger job that was under way, innermost first ("building recipe 'zlib'").
    void add_context(std::string line) { context_.push_back(std::move(line)); }

    const std::string& message() const { return message_; }
    const std::vector<std::pair<std::string, std::string>>& details() const { return details_; }
    const std::vector<std::string>& context() const { return context_; }
    const std::string& hint() const { return hint_; }

    const char* what() const noexcept override { return message_.c_str(); }

    /// The whole report as people see it, without the leading "error: ", lines separated by '\n', no final
    /// newline.
    std::string report() const;

  private:
    std::string message_;
    std::vector<std::pair<std::string, std::string>> details_;
    std::vector<std::string> context_;
    std::string hint_;
};

/// The request itself is wrong: bad arguments, a bad recipe, a bad definition.
class UsageError : public Error {
    using Error::Error;
};

/// A system call failed. Keeps errno, which must be taken before any other call can change it.
class SystemError : public Error {
  public:
    /// Message becomes "<what>: <text of errno>". `error_number` defaults to the current errno.
    explicit SystemError(std::string_view what);
    SystemError(std::string_view what, int error_number);
    int error_number() const { return error_number_; }

  private:
    int error_number_;
};

/// The network or a server failed; the same request may be tried again.
class NetworkError : public Error {
    using Error::Error;
};

/// Something is not what its hash, signature or format says. Never retried, never softened.
class VerifyError : public Error {
    using Error::Error;
};

/// A child process failed.
class CommandError : public Error {
  public:
    CommandError(std::string message, int status) : Error(std::move(message)), status_(status) {}
    /// Exit code, or 128 + signal number.
    int status() const { return status_; }

  private:
    int status_;
};

/// Runs `body`; an Error passing through gets `line` as context.
template <class Body>
decltype(auto) with_context(std::string_view line, Body&& body) {
    try {
        return std::forward<Body>(body)();
    } catch (Error& error) {
        error.add_context(std::string(line));
        throw;
    }
}

[[noreturn]] void fail_check(const char* condition, const char* file, int line);

}  // namespace cairn

/// States what the code relies on. On in every build: an impossible state ends the program instead of going
/// on.
#define CHECK(condition) ((condition) ? void() : ::cairn::fail_check(#condition, __FILE__, __LINE__))
