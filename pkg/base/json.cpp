#include "pkg/base/json.h"

#include <format>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn {
namespace {

constexpr std::size_t max_depth = 64;

/// The library's words hold the bytes that it did not like, which need not be UTF-8.
std::string to_valid_text(const std::string& text) {
    return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

/// First pass over untrusted text: the library keeps the last of duplicate keys and takes any depth.
class StrictReader : public nlohmann::json_sax<Json> {
  public:
    std::string problem;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return enter(); }
    bool end_object() override { return leave(); }
    bool start_array(std::size_t) override { return enter(); }
    bool end_array() override { return leave(); }
    bool key(string_t& name) override {
        if (keys_.back().insert(name).second) return true;
        problem = std::format("key '{}' appears twice in one object", name);
        return false;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
        problem = to_valid_text(error.what());
        return false;
    }

  private:
    bool enter() {
        if (keys_.size() >= max_depth) {
            problem = std::format("nested deeper than {} levels", max_depth);
            return false;
        }
        keys_.emplace_back();
        return true;
    }
    bool leave() {
        keys_.pop_back();
        return true;
    }

    std::vector<std::set<std::string>> keys_;
};

/// "[json.exception.parse_error.101] parse error at line 1, column 5: …" without the library's own prefix.
std::string without_prefix(const std::string& text) {
    const std::size_t end = text.find("] ");
    return text.starts_with('[') && end != std::string::npos ? text.substr(end + 2) : text;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view name) {
    StrictReader reader;
    if (!Json::sax_parse(text, &reader))
        throw VerifyError(std::format("cannot read '{}': {}", name, without_prefix(reader.problem)));
    return Json::parse(text);
}

Json read_json(const std::filesystem::path& path) {
    return parse_json(read_file(path), path.string());
}

std::string format_json(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cairn
