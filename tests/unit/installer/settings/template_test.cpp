#include "installer/settings/template.h"

#include <gmock/gmock.h>

#include "pkg/base/error.h"
#include "tests/unit/installer/settings/example_schema.h"

namespace cairn::settings {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Template make_template(const std::string& text, const std::string& escape = "word") {
    return parse_template(
        "format = 1\ntarget = \"etc/x.conf\"\nescape = \"" + escape + "\"\ntext = '''\n" + text + "'''\n",
        "/lib/x.toml");
}

std::string render_text(const std::string& text, const char* values, const std::string& escape = "word") {
    return render(make_template(text, escape), Json::parse(values));
}

std::string report_of(auto&& body) {
    try {
        body();
    } catch (const UsageError& error) {
        return error.report();
    }
    return "nothing was thrown";
}

TEST(Template, PutsValuesIntoText) {
    EXPECT_EQ(render_text("name={{ a.b }};{{a.c}}\n", R"({"a": {"b": "x", "c": 7}})"), "name=x;7\n");
}

TEST(Template, GoesThroughListsAndTables) {
    EXPECT_EQ(
        render_text("{{ for s in ntp }}\nserver {{ s }} iburst\n{{ end }}\ndone\n", R"({"ntp": ["a", "b"]})"),
        "server a iburst\nserver b iburst\ndone\n");
    EXPECT_EQ(render_text("{{ for name, i in net }}{{ name }}={{ i.mtu }} {{ end }}",
                          R"({"net": {"lan1": {"mtu": 2}, "lan0": {"mtu": 1}}})"),
              "lan0=1 lan1=2 ");
    EXPECT_EQ(render_text("{{ for s in none }}x{{ end }}", "{}"), "");
}

TEST(Template, KeepsTheLineOfAValueThatAnEndFollows) {
    EXPECT_EQ(render_text("{{ if a }}{{ a }}{{ end }}\nnext\n", R"({"a": "x"})"), "x\nnext\n");
}

TEST(Template, ChoosesByConditions) {
    const char* text = "{{ if a }}\nyes\n{{ else }}\nno\n{{ end }}\n";
    for (const char* values : {R"({"a": true})", R"({"a": 0})", R"({"a": "x"})", R"({"a": [1]})"})
        EXPECT_EQ(render_text(text, values), "yes\n") << values;
    for (const char* values : {R"({"a": false})", "{}", R"({"a": ""})", R"({"a": []})"})
        EXPECT_EQ(render_text(text, values), "no\n") << values;
}

TEST(Template, EscapesForTheTarget) {
    const char* hostile = R"({"a": "x'; rm -rf \"/\" #\\"})";
    EXPECT_EQ(render_text("v={{ a }}", hostile, "shell"), R"(v='x'\''; rm -rf "/" #\')");
    EXPECT_EQ(render_text("v={{ a }}", hostile, "json"), R"(v="x'; rm -rf \"/\" #\\")");
    EXPECT_EQ(render_text("v={{ a }}", hostile, "toml"), R"(v="x'; rm -rf \"/\" #\\")");
    EXPECT_EQ(render_text("v={{ a }}", R"({"a": ["x", true, 3]})", "toml"), R"(v=["x", true, 3])");
    EXPECT_EQ(render_text("{{ a }}", R"({"a": "l1\nl2"})", "text"), "l1\nl2");
}

TEST(Template, RefusesWhatCannotStandInTheFormat) {
    for (const char* escape : {"word", "line", "shell"})
        for (const char* value : {R"("a\nroot::0:0")", R"(["a"])", R"("\u0000")", R"("a\r")"})
            EXPECT_THROW(render_text("{{ a }}", std::format(R"({{"a": {}}})", value).c_str(), escape),
                         UsageError)
                << escape << value;
    for (const char* value : {"\"\"", "\"a b\"", "\"$x\"", "\"a;b\"", "\"ü\""})
        EXPECT_THROW(render_text("{{ a }}", std::format(R"({{"a": {}}})", value).c_str()), UsageError)
            << value;
    const std::string report =
        report_of([] { render_text("one\n{{ a.b }}", R"({"a": {"b": "hunter 2"}})"); });
    EXPECT_THAT(report, HasSubstr("/etc/x.conf"));
    EXPECT_THAT(report, HasSubstr("'a.b'"));
    EXPECT_THAT(report, HasSubstr("line 2"));
    EXPECT_THAT(report, Not(HasSubstr("hunter")));
}

TEST(Template, SaysWhatIsWrongWithIt) {
    for (const char* text :
         {"{{ a", "{{ A }}", "{{ end }}", "{{ if a }}", "{{ for x in a }}{{ else }}{{ end }}",
          "{{ for in a }}{{ end }}", "{{ include a }}", "{{ }}", "{{ else }}"})
        EXPECT_THROW(make_template(text), UsageError) << text;
    EXPECT_THAT(report_of([] { make_template("\n\n{{ if }}"); }), HasSubstr("line 3"));
    EXPECT_THROW(make_template("x", "html"), UsageError);
    for (const char* target : {"usr/x", "etc/../usr/x", "/etc/x", "etc"})
        EXPECT_THROW(
            parse_template(std::format("format = 1\ntarget = \"{}\"\nescape = \"word\"\ntext = \"\"", target),
                           "/lib/x.toml"),
            UsageError)
            << target;
}

TEST(Template, KnowsTheSettingsItUses) {
    const Template source = make_template(
        "{{ for n, i in network.interfaces }}{{ n }}{{ i.mtu }}{{ if debug }}{{ network.host_name }}{{ end "
        "}}{{ end }}");
    EXPECT_EQ(find_settings_used(source, example_schema()),
              (std::vector<std::string>{"debug", "network.host_name", "network.interfaces"}));
    EXPECT_THAT(report_of([] { find_settings_used(make_template("{{ network.nam }}"), example_schema()); }),
                HasSubstr("'network.nam'"));
    EXPECT_THROW(find_settings_used(make_template("{{ if network }}{{ end }}"), example_schema()),
                 UsageError);
}

}  // namespace
}  // namespace cairn::settings
