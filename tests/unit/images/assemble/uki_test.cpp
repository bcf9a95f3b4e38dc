#include "images/assemble/uki.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "tests/unit/images/assemble/made_up_stub.h"

namespace cairn::assemble {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Uki : public testing::Test {
  protected:
    UkiParts parts() {
        return {.architecture = architecture_,
                .stub = stub_,
                .kernel = kernel_,
                .initfs = initfs_,
                .os_release = "ID=cairn\n",
                .command_line = "roothash=0 gpt",
                .kernel_release = "6.12.1",
                .sbat = "sbat,1,SBAT Version,sbat,1,url\ncairn,1,Cairn,base,1.0,url\n",
                .time = 1700000000};
    }
    void use(MadeUpStub stub) {
        architecture_ = stub.architecture;
        stub_ = make_stub(stub);
    }
    std::filesystem::path write(const std::vector<std::uint8_t>& uki) {
        const auto path = directory_.path() / "uki.efi";
        write_file(path, std::string_view(reinterpret_cast<const char*>(uki.data()), uki.size()));
        return path;
    }
    std::string readobj(const std::filesystem::path& file) {
        return run_command_checked(
            {.arguments = {"llvm-readobj-19", "--file-headers", "--sections", file.string()}});
    }
    std::vector<std::string> section_names(const std::filesystem::path& file) {
        std::vector<std::string> names;
        const std::string text = readobj(file);
        for (std::size_t at = text.find("    Name: "); at != std::string::npos;
             at = text.find("    Name: ", at + 1))
            names.push_back(text.substr(at + 10, text.find(' ', at + 10) - at - 10));
        return names;
    }
    std::string section(const std::filesystem::path& file, const std::string& name) {
        const auto out = directory_.path() / "section";
        run_command_checked({.arguments = {"llvm-objcopy-19", "--dump-section", name + "=" + out.string(),
                                           file.string(), (directory_.path() / "copy").string()}});
        return read_file(out);
    }

    layout::Architecture architecture_ = layout::Architecture::x86_64;
    std::vector<std::uint8_t> stub_ = make_stub();
    std::vector<std::uint8_t> kernel_ = std::vector<std::uint8_t>(100'001, 0x4b);
    std::vector<std::uint8_t> initfs_ = std::vector<std::uint8_t>(70'000, 0x69);
    TemporaryDirectory directory_;
};

TEST_F(Uki, SectionsStandInTheStandardOrder) {
    for (const auto architecture : {layout::Architecture::x86_64, layout::Architecture::aarch64}) {
        use({.architecture = architecture});
        EXPECT_THAT(section_names(write(make_uki(parts()))),
                    ElementsAre(".text", ".sbat", ".linux", ".osrel", ".cmdline", ".initrd", ".uname"));
        use({.architecture = architecture, .sbat = ""});
        EXPECT_THAT(section_names(write(make_uki(parts()))),
                    ElementsAre(".text", ".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".sbat"));
    }
}

TEST_F(Uki, SectionsHoldTheParts) {
    const auto file = write(make_uki(parts()));
    EXPECT_EQ(section(file, ".linux").substr(0, kernel_.size()), std::string(kernel_.begin(), kernel_.end()));
    EXPECT_EQ(section(file, ".initrd").substr(0, initfs_.size()),
              std::string(initfs_.begin(), initfs_.end()));
    EXPECT_EQ(section(file, ".cmdline").substr(0, 14), "roothash=0 gpt");
    EXPECT_EQ(section(file, ".osrel").substr(0, 9), "ID=cairn\n");
    EXPECT_EQ(section(file, ".uname").substr(0, 6), "6.12.1");
    EXPECT_THAT(readobj(file), HasSubstr("VirtualSize: 0x186A1"));  // of the kernel: no padding counted
}

TEST_F(Uki, HeaderCountsWhatWasAdded) {
    const std::string text = readobj(write(make_uki(parts())));
    EXPECT_THAT(text, HasSubstr("SectionCount: 7"));
    // 0x3000 before; kernel 0x19000, three small ones 0x1000 each, initfs 0x12000
    EXPECT_THAT(text, HasSubstr("SizeOfImage: 200704"));
    EXPECT_THAT(text, HasSubstr("2023-11-14 22:13:20"));
}

TEST_F(Uki, SbatLinesOfStubAndImageAreInOneSection) {
    EXPECT_THAT(
        section(write(make_uki(parts())), ".sbat"),
        HasSubstr("sbat,1,SBAT Version,sbat,1,url\nstub,1,Stub,stub,1,url\ncairn,1,Cairn,base,1.0,url\n"));
}

TEST_F(Uki, SamePartsGiveTheSameBytes) {
    EXPECT_EQ(make_uki(parts()), make_uki(parts()));
}

TEST_F(Uki, ChecksumIsThatOfThePeSpecification) {
    const std::vector<std::uint8_t> uki = make_uki(parts());
    std::uint64_t sum = 0;
    for (std::size_t offset = 0; offset < uki.size(); offset += 2) {
        if (offset == 64 + 24 + 64 || offset == 64 + 24 + 66) continue;
        sum += static_cast<std::uint64_t>(uki[offset]) | static_cast<std::uint64_t>(uki[offset + 1]) << 8;
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    std::uint32_t written;
    std::memcpy(&written, uki.data() + 64 + 24 + 64, sizeof written);
    EXPECT_EQ(written, sum + uki.size());
}

std::string message_of(auto&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.message();
    }
    return "no error";
}

TEST_F(Uki, StubWithoutRoomInItsHeaderIsRefused) {
    use({.header_size = 512});
    EXPECT_THAT(message_of([&] { make_uki(parts()); }),
                HasSubstr("no room in its header for section '.cmdline'"));
}

TEST_F(Uki, StubWithoutRoomForSbatLinesIsRefused) {
    MadeUpStub stub = {.sbat_room = 512};
    stub.sbat.append(512 - stub.sbat.size(), 'x');
    use(stub);
    EXPECT_THAT(message_of([&] { make_uki(parts()); }), HasSubstr("no room for more lines"));
}

TEST_F(Uki, StubForTheOtherMachineIsRefused) {
    architecture_ = layout::Architecture::aarch64;
    EXPECT_THAT(message_of([&] { make_uki(parts()); }), HasSubstr("not for aarch64"));
}

TEST_F(Uki, FilesThatAreNoProgramAreRefused) {
    const std::vector<std::uint8_t> whole = make_stub();
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        stub_.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_THROW(make_uki(parts()), Error) << size;
    }
    stub_ = whole;
    stub_.resize(whole.size() + 1024);
    EXPECT_NO_THROW(make_uki(parts()));
    EXPECT_THROW(([&] {
                     stub_ = make_uki(parts());
                     make_uki(parts());
                 }()),
                 Error);
}

}  // namespace
}  // namespace cairn::assemble
