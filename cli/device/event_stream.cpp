#include "cli/device/event_stream.h"

#include "pkg/base/error.h"

namespace cairn::device {
namespace {

constexpr std::size_t longest_line = std::size_t{4} << 20;

}  // namespace

void EventStream::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        line_ += bytes.substr(0, end);
        if (line_.size() > longest_line) throw NetworkError("an event of the device is too long");
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        if (line_.ends_with('\r')) line_.pop_back();
        take_line(line_);
        line_.clear();
    }
}

void EventStream::take_line(std::string_view line) {
    if (line.empty()) {  // the end of an event
        if (has_data_) take_(event_);
        event_ = {};
        has_data_ = false;
        return;
    }
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") event_.name = value;
    if (field != "data") return;
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
}

}  // namespace cairn::device
