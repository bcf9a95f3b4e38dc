#include "installer/api/request.h"

#include <gtest/gtest.h>

#include "installer/api/errors.h"
#include "installer/settings/values.h"

namespace cairn::api {
namespace {

TEST(Request, EveryErrorHasItsStatus) {
    EXPECT_EQ(make_error_answer(UsageError("x")).status, 400);
    EXPECT_EQ(make_error_answer(Forbidden("x")).status, 403);
    EXPECT_EQ(make_error_answer(NotFound("x")).status, 404);
    EXPECT_EQ(make_error_answer(Conflict("x")).status, 409);
    EXPECT_EQ(make_error_answer(VerifyError("x")).status, 422);
    EXPECT_EQ(make_error_answer(Busy("x")).status, 423);
    EXPECT_EQ(make_error_answer(NetworkError("x")).status, 502);
    EXPECT_EQ(make_error_answer(SystemError("x", 5)).status, 500);
    EXPECT_EQ(make_error_answer(std::bad_alloc()).status, 500);
}

TEST(Request, AnErrorAnswerSaysAllThatTheErrorKnows) {
    Error error = Conflict("cannot roll back").detail("running", "1.0").hint("wait");
    error.add_context("rolling back");
    EXPECT_EQ(Json::parse(make_error_answer(error).body),
              Json::parse(R"({"error": {"message": "cannot roll back",
        "details": {"running": "1.0"}, "hint": "wait", "context": ["rolling back"]}})"));
}

TEST(Request, AnErrorAnswerNamesEveryViolation) {
    const settings::InvalidSettings error(
        {{.path = "a.b", .value = "1", .why = "is too small", .allowed = "2"}, {.path = "c"}});
    const Json body = Json::parse(make_error_answer(error).body);
    EXPECT_EQ(make_error_answer(error).status, 400);
    ASSERT_EQ(body["error"]["violations"].size(), 2U);
    EXPECT_EQ(body["error"]["violations"][0],
              Json::parse(R"({"path": "a.b", "value": "1", "why": "is too small", "allowed": "2"})"));
}

TEST(Request, AnErrorAnswerIsJsonWhateverWasQuoted) {
    EXPECT_EQ(Json::parse(make_error_answer(400, "no \xff\"\n").body)["error"]["message"], "no \uFFFD\"\n");
}

TEST(Request, ABodyIsAnObjectWithKnownMembers) {
    EXPECT_EQ(parse_body({.body = ""}, {"version"}), Json::object());
    EXPECT_EQ(parse_body({.body = R"({"version": 1})"}, {"version"})["version"], 1);
    EXPECT_THROW(parse_body({.body = R"({"versoin": 1})"}, {"version"}), UsageError);
    EXPECT_THROW(parse_body({.body = "[]"}), UsageError);
    EXPECT_THROW(parse_body({.body = "{"}), UsageError);
    EXPECT_THROW(parse_body({.body = R"({"a": 1, "a": 2})"}), UsageError);
}

TEST(Request, RolesAreReadAsTheyAreWritten) {
    for (const Role role : {Role::reader, Role::operator_, Role::admin})
        EXPECT_EQ(parse_role(to_text(role)), role);
    EXPECT_THROW(parse_role("none"), UsageError);
    EXPECT_THROW(parse_role("Admin"), UsageError);
}

}  // namespace
}  // namespace cairn::api
