#include "pkg/sandbox/refusal.h"

#include <cerrno>
#include <gtest/gtest.h>

#include "pkg/base/files.h"

namespace cairn::sandbox {
namespace {

std::string explain_with(const std::string& file, const std::string& value) {
    const TemporaryDirectory settings;
    make_directories(settings.path() / "kernel");
    make_directories(settings.path() / "user");
    if (!file.empty()) write_file(settings.path() / file, value);
    return explain_refusal(settings.path());
}

TEST(Refusal, NamesTheSwitchThatForbidsUserNamespaces) {
    EXPECT_TRUE(explain_with("kernel/unprivileged_userns_clone", "0\n")
                    .ends_with("sudo sysctl -w kernel.unprivileged_userns_clone=1"));
    EXPECT_TRUE(explain_with("user/max_user_namespaces", "0\n")
                    .ends_with("sudo sysctl -w user.max_user_namespaces=15000"));
    EXPECT_TRUE(explain_with("kernel/apparmor_restrict_unprivileged_userns", "1\n")
                    .ends_with("sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"));
}

TEST(Refusal, ThinksOfContainersWhenNoSwitchForbids) {
    EXPECT_TRUE(explain_with("kernel/unprivileged_userns_clone", "1\n").contains("container"));
    EXPECT_TRUE(explain_with("", "").contains("container"));
}

TEST(Refusal, NamesTheStepAndItsCause) {
    const std::vector<Step> steps{{Step::Kind::directory, "/new/x"},
                                  {Step::Kind::bind, "/new/y", "/old/home/y"}};
    const Entry entry{.steps = steps};
    const Error error = make_setup_error({Message::Kind::failed, Stage::steps, 1, ENOENT}, entry);
    EXPECT_EQ(error.message(),
              "cannot set up the sandbox: cannot mount '/home/y' at '/y': No such file or directory");
    EXPECT_TRUE(error.hint().empty());
    EXPECT_FALSE(make_setup_error({Message::Kind::failed, Stage::steps, 1, EPERM}, entry).hint().empty());
    EXPECT_FALSE(make_clone_error(ENOSPC).hint().empty());
    EXPECT_TRUE(make_clone_error(ENOMEM).hint().empty());
}

}  // namespace
}  // namespace cairn::sandbox
