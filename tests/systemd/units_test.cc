// Installs into a folder of its own, and has systemd's tools look at what is there as at the root
// of a machine. Nothing is started.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/config/folder.h"
#include "tests/shell.h"

namespace {

namespace fs = std::filesystem;
using test::Ended;
using test::is_installed;
using test::shell;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// systemd-analyze's measure, times ten: 0 is locked away, 100 has the whole machine.
constexpr int kMostExposed = 15;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class InstalledTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // The component of all that names none: its list of files is not that of a real installation.
    const auto installed = shell("DESTDIR='" + root().string() +
                                 "' '" CONFMIRROR_CMAKE "' --install '" CONFMIRROR_BUILD_DIR
                                 "' --component Unspecified");
    ASSERT_EQ(installed.code, 0) << installed.output;
  }

  fs::path root() const { return root_.path(); }
  fs::path prefix() const { return root().string() + CONFMIRROR_PREFIX; }
  fs::path unit(const std::string& name) const { return prefix() / "lib/systemd/system" / name; }
  std::vector<std::string> units() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(prefix() / "lib/systemd/system")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  // What a unit refers to and others install: systemd's own units, and two programs.
  void given_machine() const {
    fs::create_directories(root() / "usr/lib/systemd/system");
    fs::copy("/usr/lib/systemd/system", root() / "usr/lib/systemd/system",
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    for (const char* program : {"kill", "systemctl"}) {
      root_.write(std::string("usr/bin/") + program, "", 0755);
    }
  }
  Ended verify(const std::string& name) const {
    return shell("systemd-analyze verify --man=no --root='" + root().string() +
                 "' '" CONFMIRROR_PREFIX "/lib/systemd/system/" + name + "'");
  }

 private:
  testing_config::Folder root_;
};

TEST_F(InstalledTest, EveryFileIsInItsPlaceWithItsMode) {
  std::map<std::string, mode_t> expected = {
      {"bin/confmirror", 0755},
      {"lib/sysusers.d/confmirror.conf", 0644},
      {"lib/tmpfiles.d/confmirror.conf", 0644},
      {"share/bash-completion/completions/confmirror", 0644},
  };
  for (const char* file : {"README.md", "CHANGELOG.md", "LICENSE", "confmirror.toml"}) {
    expected[std::string("share/doc/confmirror/") + file] = 0644;
  }
  for (const char* at : {"", "@"}) {
    for (const char* unit :
         {"confmirror%.service", "confmirror%.socket", "confmirror-token%.path",
          "confmirror-token%.service", "confmirror-sync%.service", "confmirror-sync%.timer",
          "confmirror-audit%.service", "confmirror-audit%.timer", "confmirror-backup%.service",
          "confmirror-backup%.timer"}) {
      std::string name = unit;
      expected["lib/systemd/system/" + name.replace(name.find('%'), 1, at)] = 0644;
    }
  }
  std::map<std::string, mode_t> found;
  for (const auto& entry : fs::recursive_directory_iterator(root())) {
    if (entry.is_directory()) continue;
    struct stat info {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
    found[entry.path().lexically_relative(prefix())] = info.st_mode & 07777U;
  }
  EXPECT_EQ(found, expected);
}

TEST_F(InstalledTest, WhatTheProgramPrintsIsInstalledWhole) {
  const auto completion = read(prefix() / "share/bash-completion/completions/confmirror");
  EXPECT_TRUE(completion.ends_with("complete -F _confmirror confmirror\n"));
  const auto sample = read(prefix() / "share/doc/confmirror/confmirror.toml");
  EXPECT_THAT(sample, HasSubstr("\n[site]\n"));
  EXPECT_THAT(sample, Not(HasSubstr("\ntoken_file"))) << "the services take a credential";
}

TEST_F(InstalledTest, SystemdHasNothingToSayAgainstTheUnits) {
  if (!is_installed("systemd-analyze")) GTEST_SKIP() << "systemd-analyze is not installed";
  given_machine();
  for (const auto& name : units()) {
    const auto verified = verify(name);
    EXPECT_EQ(verified.code, 0) << name;
    EXPECT_THAT(verified.output, IsEmpty()) << name;
  }
  // It would have been said.
  std::ofstream(unit("confmirror.service"), std::ios::app) << "\n[Service]\nRestrictSuid=yes\n";
  EXPECT_THAT(verify("confmirror.service").output, HasSubstr("RestrictSuid"));
}

TEST_F(InstalledTest, EveryServiceIsInASandbox) {
  if (!is_installed("systemd-analyze")) GTEST_SKIP() << "systemd-analyze is not installed";
  std::size_t services = 0;
  for (const auto& name : units()) {
    if (!name.ends_with(".service")) continue;
    ++services;
    const auto measured = shell("systemd-analyze security --no-pager --offline=true --threshold=" +
                                std::to_string(kMostExposed) + " '" + unit(name).string() + "'");
    EXPECT_EQ(measured.code, 0) << measured.output;
    EXPECT_THAT(measured.output, HasSubstr("Overall exposure level for ")) << name;
  }
  EXPECT_EQ(services, 10U);
}

TEST_F(InstalledTest, TheAuditIsOfflineAndWritesToItsReportsAlone) {
  for (const std::string at : {"", "@"}) {
    const auto text = read(unit("confmirror-audit" + at + ".service"));
    EXPECT_THAT(text, HasSubstr("\nPrivateNetwork=yes\n"));
    EXPECT_THAT(text, HasSubstr("\nUser=confmirror\n"));
    EXPECT_THAT(text, HasSubstr("\nProtectSystem=strict\n"));
    EXPECT_THAT(text, HasSubstr(at.empty() ? "\nStateDirectory=confmirror/reports\n"
                                           : "\nStateDirectory=confmirror/%i/reports\n"));
    EXPECT_THAT(text, HasSubstr(" audit --reports ${STATE_DIRECTORY}\n"));
    EXPECT_THAT(text, Not(HasSubstr("ReadWritePaths")));
    EXPECT_THAT(text, Not(HasSubstr("LoadCredential"))) << "it needs no token";
  }
}

TEST_F(InstalledTest, NoPlaceholderIsLeftAndNoSiteIsMixedUp) {
  for (const auto& name : units()) {
    const auto text = read(unit(name));
    EXPECT_THAT(text, Not(HasSubstr("@CMAKE"))) << name;
    EXPECT_THAT(text, Not(HasSubstr("@HARDENING"))) << name;
    for (const auto& line : lines_of(unit(name))) {
      if (line.starts_with("#") || line.find("/etc/confmirror/") == line.npos) continue;
      EXPECT_EQ(line.find("%i") != line.npos, name.find('@') != name.npos) << name << ": " << line;
    }
  }
}

TEST_F(InstalledTest, TheUserAndTheFoldersAreMade) {
  if (!is_installed("systemd-sysusers") || !is_installed("systemd-tmpfiles")) {
    GTEST_SKIP() << "systemd-sysusers and systemd-tmpfiles are not installed";
  }
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give folders to users";
  fs::create_directories(root() / "etc");
  // Without a file: what is found where systemd looks by itself.
  const auto users = shell("systemd-sysusers --root='" + root().string() + "'");
  ASSERT_EQ(users.code, 0) << users.output;
  const auto folders = shell("systemd-tmpfiles --create --root='" + root().string() + "'");
  ASSERT_EQ(folders.code, 0) << folders.output;
  EXPECT_THAT(folders.output, IsEmpty());
  uid_t uid = 0;
  gid_t gid = 0;
  for (const auto& line : lines_of(root() / "etc/passwd")) {
    if (std::sscanf(line.c_str(), "confmirror:%*[^:]:%u:%u:", &uid, &gid) == 2) {
      EXPECT_THAT(line, HasSubstr(":/var/lib/confmirror:")) << "its home";
      EXPECT_TRUE(line.ends_with("nologin")) << line;
    }
  }
  ASSERT_NE(uid, 0U);
  EXPECT_THAT(lines_of(root() / "etc/group"),
              Contains("confmirror:x:" + std::to_string(gid) + ":"));
  const auto expect_folder = [&](const std::string& path, uid_t owner) {
    struct stat info {};
    ASSERT_EQ(::stat((root() / path).c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 07777U, 0750U) << path;
    EXPECT_EQ(info.st_uid, owner) << path;
    EXPECT_EQ(info.st_gid, gid) << path;
  };
  expect_folder("etc/confmirror", 0);
  expect_folder("var/lib/confmirror", uid);
  expect_folder("var/lib/confmirror/backups", uid);
  expect_folder("var/lib/confmirror/reports", uid);
}

}  // namespace
