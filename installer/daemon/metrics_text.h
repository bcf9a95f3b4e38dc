#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace cairn::daemon {

/// Figures in Prometheus' text format (version 0.0.4): each metric is begun with its help and type, then has
/// its samples.
class MetricsText {
  public:
    enum class Type { gauge, counter };
    using Label = std::pair<std::string_view, std::string>;

    MetricsText& begin(std::string_view name, Type type, std::string_view help);
    /// A sample of the metric begun last.
    MetricsText& add(double value, std::initializer_list<Label> labels = {});
    const std::string& text() const { return text_; }

  private:
    std::string name_;
    std::string text_;
};

}  // namespace cairn::daemon
