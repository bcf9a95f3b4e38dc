#include "pkg/tuf/canonical.h"

#include "pkg/base/error.h"

namespace cairn::tuf {
namespace {

void append_string(const std::string& text, std::string& out) {
    out += '"';
    for (const char character : text) {
        if (character == '"' || character == '\\') out += '\\';
        out += character;
    }
    out += '"';
}

void append(const Json& value, std::string& out) {
    switch (value.type()) {
        case Json::value_t::object: {
            out += '{';
            bool is_first = true;
            for (const auto& [key, member] : value.items()) {  // sorted: a std::map underneath
                if (!std::exchange(is_first, false)) out += ',';
                append_string(key, out);
                out += ':';
                append(member, out);
            }
            out += '}';
            return;
        }
        case Json::value_t::array: {
            out += '[';
            for (std::size_t index = 0; index < value.size(); ++index) {
                if (index > 0) out += ',';
                append(value[index], out);
            }
            out += ']';
            return;
        }
        case Json::value_t::string:
            return append_string(value.get_ref<const std::string&>(), out);
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::boolean:
        case Json::value_t::null:
            out += value.dump();
            return;
        default:
            throw Error("canonical JSON has no numbers with a fraction");
    }
}

}  // namespace

std::string format_canonical(const Json& value) {
    std::string out;
    append(value, out);
    return out;
}

}  // namespace cairn::tuf
