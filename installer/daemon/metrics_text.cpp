#include "installer/daemon/metrics_text.h"

#include <format>

namespace cairn::daemon {
namespace {

std::string escape(std::string_view value) {
    std::string escaped;
    for (const char c : value) {
        if (c == '\\' || c == '"') escaped += '\\';
        if (c == '\n')
            escaped += "\\n";
        else
            escaped += c;
    }
    return escaped;
}

}  // namespace

MetricsText& MetricsText::begin(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    text_ += std::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                         type == Type::gauge ? "gauge" : "counter");
    return *this;
}

MetricsText& MetricsText::add(double value, std::initializer_list<Label> labels) {
    text_ += name_;
    char separator = '{';
    for (const auto& [label, content] : labels) {
        text_ += std::format("{}{}=\"{}\"", separator, label, escape(content));
        separator = ',';
    }
    if (separator == ',') text_ += '}';
    text_ += std::format(" {}\n", value);
    return *this;
}

}  // namespace cairn::daemon
