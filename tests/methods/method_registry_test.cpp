#include "methods/method_registry.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names(const MethodRegistry& registry) {
  std::vector<std::string> found;
  for (const Method& method : registry.methods()) found.push_back(method.name());
  return found;
}

/// A folder with the well-built plugin "good" and whatever else a test adds.
class PluginFolder : public ::testing::Test {
 protected:
  PluginFolder() { add("good"); }

  void add(const std::string& fixture, const std::string& as = "") {
    fs::copy_file(fs::path(PROMPTBED_FIXTURES) / (fixture + ".so"), path(as.empty() ? fixture : as));
  }

  fs::path path(const std::string& plugin) const { return folder_ / (plugin + ".so"); }

  MethodRegistry load() const { return MethodRegistry({folder_.path()}); }

  /// The one complaint, with `plugin` left out, while the good plugin's methods are there all the same.
  void expect_complaint(const std::string& plugin, const std::string& why) const {
    const MethodRegistry registry = load();
    EXPECT_EQ(names(registry), kGoodMethods);
    ASSERT_EQ(registry.complaints().size(), 1u);
    const std::string& complaint = registry.complaints().front();
    EXPECT_EQ(complaint.find("plugin " + path(plugin).string() + ": "), 0u) << complaint;
    EXPECT_NE(complaint.find(why), std::string::npos) << complaint;
    EXPECT_EQ(complaint.find('\n'), std::string::npos) << complaint;
  }

  const std::vector<std::string> kGoodMethods = {"first_class", "first_class_too"};
  test::ScratchFolder folder_;
};

TEST(MethodRegistry, FindsThePluginsBesideTheProgram) {
  const MethodRegistry registry(plugin_folders({}));
  EXPECT_TRUE(registry.complaints().empty()) << registry.complaints().front();
  for (const char* name : {"clip_zeroshot", "cocoop", "coop", "coop_ctx60"}) {
    EXPECT_EQ(registry.at(name).name(), name);
    EXPECT_EQ(registry.at(name).trainable(), registry.at(name).plugin != "clip_zeroshot");
  }
  EXPECT_TRUE(registry.at("linear_probe").trainable());
  EXPECT_TRUE(registry.at("linear_probe").has_own_solver());
  EXPECT_FALSE(registry.at("coop").has_own_solver());
  EXPECT_EQ(registry.at("coop_ctx60").plugin, "coop");
  const auto found = names(registry);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
}

TEST_F(PluginFolder, OffersItsMethods) {
  const MethodRegistry registry = load();
  EXPECT_TRUE(registry.complaints().empty());
  EXPECT_EQ(names(registry), kGoodMethods);
  const Method& method = registry.at("first_class_too");
  EXPECT_EQ(method.plugin, "good");
  EXPECT_EQ(method.file, path("good"));
  EXPECT_EQ(method.spec->version, 3);
  EXPECT_TRUE(method.trainable());
  EXPECT_EQ(method.default_options().integer("n_ctx"), 4);
}

TEST_F(PluginFolder, CreatesLearnersThatWork) {
  const MethodRegistry registry = load();
  const Method& method = registry.at("first_class");
  const auto learner = registry.create(method, method.default_options());
  learner->retarget({"cat", "dog"});
  Batch batch;
  batch.features = at::ones({1, 4});
  EXPECT_TRUE(at::equal(learner->logits(batch), torch::tensor({{1.f, 0.f}})));
}

TEST_F(PluginFolder, NamesTheMethodThatCannotBeCreated) {
  const MethodRegistry registry = load();
  Options options = registry.at("first_class").default_options();
  options.set("n_ctx", OptionValue(int64_t{-1}));
  EXPECT_ERROR(registry.create(registry.at("first_class"), options), "first_class: n_ctx is negative");
}

TEST_F(PluginFolder, ListsTheKnownMethodsForAnUnknownOne) {
  EXPECT_ERROR(load().at("cooop"), "no method cooop; known: first_class, first_class_too");
  EXPECT_ERROR(MethodRegistry({}).at("coop"),
               "no method coop; no plugin was found; give their folder with --plugins");
}

TEST_F(PluginFolder, SaysOfAnUnknownMethodWhatWasNotLoaded) {
  add("other_torch");
  EXPECT_ERROR(load().at("coop"), "is built with LibTorch 0.4.1 and this runner with " TORCH_VERSION);
}

TEST_F(PluginFolder, LeavesOutAFileThatIsNoLibrary) {
  write_file(path("broken"), "just text");
  expect_complaint("broken", "broken.so: file too short); rebuild or remove it");
}

TEST_F(PluginFolder, LeavesOutALibraryThatIsNoPlugin) {
  add("no_plugin");
  expect_complaint("no_plugin",
                   "exports no promptbed_plugin; end its source with PROMPTBED_PLUGIN or remove the file");
}

TEST_F(PluginFolder, LeavesOutAPluginOfAnotherInterface) {
  add("other_interface");
  expect_complaint("other_interface",
                   fmt::format("is built for plugin interface 999 and this runner has {}; rebuild the plugin",
                               kInterfaceVersion));
}

TEST_F(PluginFolder, LeavesOutAPluginOfAnotherLibTorch) {
  add("other_torch");
  expect_complaint("other_torch", "is built with LibTorch 0.4.1 and this runner with " TORCH_VERSION);
}

TEST_F(PluginFolder, LeavesOutAPluginOfAnotherCompiler) {
  add("other_abi");
  expect_complaint("other_abi", "is built with \"gcc-4 abi-1002 cxx11-0\" and this runner with");
}

TEST_F(PluginFolder, LeavesOutALibraryThatLacksASymbol) {
  add("missing_symbol");
  expect_complaint("missing_symbol", "undefined symbol: gone_with_the_next_version); rebuild or remove it");
}

TEST_F(PluginFolder, LoadsOnePluginByItsPath) {
  EXPECT_EQ(names(MethodRegistry::of_plugin(path("good"))), kGoodMethods);
  add("no_plugin");
  EXPECT_ERROR(MethodRegistry::of_plugin(path("no_plugin")),
               "plugin " + path("no_plugin").string() + ": exports no promptbed_plugin");
  EXPECT_ERROR(MethodRegistry::of_plugin(path("none")),
               "none.so: is not there; build it, or correct the path");
}

TEST_F(PluginFolder, LeavesOutAllMethodsOfAPluginOneOfWhichIsWrong) {
  add("bad_default", "a_bad_default");  // loaded before the good one, whose methods have the same names
  expect_complaint("a_bad_default", "option n_ctx: \"many\" is not an integer");
}

TEST_F(PluginFolder, LeavesOutMethodsThatAreAlreadyOffered) {
  add("good", "imitation");
  const MethodRegistry registry = load();
  EXPECT_EQ(names(registry), kGoodMethods);
  EXPECT_EQ(registry.at("first_class").plugin, "good");
  ASSERT_EQ(registry.complaints().size(), 2u);
  EXPECT_EQ(
      registry.complaints().front(),
      fmt::format(
          "plugin {}: method first_class is already offered by {}, which is used; remove one of the two",
          path("imitation").string(), path("good").string()));
}

TEST_F(PluginFolder, LeavesOutWhatEverybodyMayWrite) {
  add("good", "open");
  fs::permissions(path("open"), fs::perms::others_write, fs::perm_options::add);
  expect_complaint("open", "everybody may write it; run chmod o-w " + path("open").string());
  fs::permissions(folder_.path(), fs::perms::others_write, fs::perm_options::add);
  const MethodRegistry registry = load();
  EXPECT_TRUE(registry.methods().empty());
  ASSERT_EQ(registry.complaints().size(), 2u);
  EXPECT_NE(
      registry.complaints().front().find(folder_.path().string() + " has mode 0702: everybody may write it"),
      std::string::npos)
      << registry.complaints().front();
}

TEST_F(PluginFolder, LooksAtTheFoldersAboveIt) {
  const fs::path inner = folder_ / "open/inner";
  fs::create_directories(inner);
  fs::copy_file(path("good"), inner / "good.so");
  fs::permissions(folder_ / "open", fs::perms::others_write, fs::perm_options::add);
  const MethodRegistry registry({inner});
  EXPECT_TRUE(registry.methods().empty());
  ASSERT_EQ(registry.complaints().size(), 1u);
  EXPECT_NE(registry.complaints().front().find("everybody may write it"), std::string::npos);

  fs::permissions(folder_ / "open", fs::perms::sticky_bit, fs::perm_options::add);
  EXPECT_EQ(names(MethodRegistry({inner})), kGoodMethods) << "nobody can replace others' files there";
}

TEST_F(PluginFolder, LooksWhereALinkLeads) {
  const fs::path open = folder_ / "open";
  fs::create_directory(open);
  fs::rename(path("good"), open / "good.so");
  fs::create_symlink(open / "good.so", path("good"));
  EXPECT_EQ(names(load()), kGoodMethods);
  fs::permissions(open, fs::perms::others_write, fs::perm_options::add);
  EXPECT_TRUE(load().methods().empty());
}

TEST_F(PluginFolder, LeavesOutWhatBelongsToSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  add("good", "theirs");
  ASSERT_EQ(::chown(path("theirs").c_str(), 4321, 4321), 0);
  expect_complaint("theirs", path("theirs").string() + " belongs to user 4321, who could put anything there");
}

TEST_F(PluginFolder, LeavesOutPluginsOfTheCurrentFolder) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  const MethodRegistry registry = load();
  fs::current_path(before);
  EXPECT_TRUE(registry.methods().empty());
  ASSERT_EQ(registry.complaints().size(), 1u);
  EXPECT_NE(registry.complaints().front().find("is in the current folder"), std::string::npos);
}

TEST_F(PluginFolder, IsLoadedOnceHoweverOftenItIsGiven) {
  const MethodRegistry registry(
      {folder_.path(), folder_.path() / "", folder_ / "../" / folder_.path().filename()});
  EXPECT_EQ(names(registry), kGoodMethods);
  EXPECT_TRUE(registry.complaints().empty());
}

TEST_F(PluginFolder, ComplainsWhereItIsMissing) {
  const MethodRegistry registry({folder_ / "nowhere", folder_.path()});
  EXPECT_EQ(names(registry), kGoodMethods);
  ASSERT_EQ(registry.complaints().size(), 1u);
  EXPECT_NE(registry.complaints().front().find("nowhere: No such file or directory"), std::string::npos);
}

}  // namespace
}  // namespace promptbed
