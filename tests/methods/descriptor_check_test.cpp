#include "methods/method_registry.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/expect_error.h"

namespace promptbed {
namespace {

constexpr OptionSpec kDepth = {"depth", OptionType::integer, "1", "how deep"};

PromptLearner* create_none(const Options&) {
  return nullptr;
}

/// What a plugin declares, to be spoilt in one place.
struct Declared {
  std::vector<OptionSpec> options = {kDepth};
  MethodSpec method = {"mine", 1, "what it does", Training::none, nullptr, 0, create_none};
};

/// The complaint about the plugin after `spoil`.
std::string complaint(const std::function<void(Declared&)>& spoil) {
  Declared declared;
  declared.method.option_count = declared.options.size();
  spoil(declared);
  if (declared.method.options == nullptr && !declared.options.empty())
    declared.method.options = declared.options.data();
  return test::error_of([&] {
    check_methods({kInterfaceVersion, TORCH_VERSION, kAbiTag, &declared.method, 1});
  });
}

TEST(DescriptorCheck, TakesWhatIsComplete) {
  const MethodSpec method = {"mine_2", 1, "what it does", Training::none, &kDepth, 1, create_none};
  const PluginDescriptor descriptor = {kInterfaceVersion, TORCH_VERSION, kAbiTag, &method, 1};
  EXPECT_NO_THROW(check_compatible(descriptor));
  EXPECT_NO_THROW(check_methods(descriptor));
}

TEST(DescriptorCheck, NamesTheRemedyForAPluginThatWasBuiltForAnother) {
  EXPECT_ERROR(check_compatible({kInterfaceVersion, nullptr, kAbiTag, nullptr, 0}),
               "is built with LibTorch an unknown one and this runner with " TORCH_VERSION
               "; rebuild the plugin");
  EXPECT_ERROR(check_compatible({kInterfaceVersion, TORCH_VERSION, nullptr, nullptr, 0}),
               "rebuild the plugin");
  EXPECT_ERROR(check_compatible({kInterfaceVersion + 1, nullptr, nullptr, nullptr, 0}),
               "is built for plugin interface");
}

TEST(DescriptorCheck, RefusesAPluginWithoutMethods) {
  const MethodSpec method = {"mine", 1, "what it does", Training::none, nullptr, 0, create_none};
  for (const auto& [methods, count] :
       {std::pair<const MethodSpec*, size_t>(nullptr, 1), std::pair<const MethodSpec*, size_t>(&method, 0),
        std::pair<const MethodSpec*, size_t>(&method, size_t{1} << 40)}) {
    EXPECT_ERROR(check_methods({kInterfaceVersion, TORCH_VERSION, kAbiTag, methods, count}),
                 "offers no method; list them with PROMPTBED_PLUGIN(kMethods)");
  }
}

TEST(DescriptorCheck, RefusesAWrapperThatLeavesSomethingOut) {
  constexpr OptionSpec kBase = {kBaseOption, OptionType::text, "coop", "what it is built on"};
  const auto create = [](const Options&, std::shared_ptr<PromptLearner>) -> PromptLearner* {
    return nullptr;
  };
  const BaseDefault lacking = {"coop", nullptr, "4"};
  WrapperSpec wrapper = {create, nullptr, 0};
  const auto check = [&](const OptionSpec& option, Training training) {
    const MethodSpec method = {"mine", 1, "what it does", training, &option, 1, nullptr, false, &wrapper};
    check_methods({kInterfaceVersion, TORCH_VERSION, kAbiTag, &method, 1});
  };
  const auto fault = [&](const OptionSpec& option, Training training) {
    return test::error_of([&] { check(option, training); });
  };
  EXPECT_NO_THROW(check(kBase, Training::trainable));
  EXPECT_EQ(fault(kDepth, Training::trainable),
            "method mine is a wrapper without the text option base; declare it");
  EXPECT_EQ(fault(kBase, Training::none),
            "method mine is a wrapper and not Training::trainable; fix its MethodSpec");
  wrapper.default_count = 1;
  EXPECT_EQ(fault(kBase, Training::trainable),
            "method mine has 1 defaults of bases and no list of them; fix its WrapperSpec");
  wrapper.defaults = &lacking;
  EXPECT_EQ(fault(kBase, Training::trainable),
            "method mine has a default of a base that leaves something out; fix its WrapperSpec");
  wrapper = {};
  EXPECT_EQ(fault(kBase, Training::trainable),
            "method mine has no function that creates it; fix its MethodSpec");
}

TEST(DescriptorCheck, RefusesAMethodThatLeavesSomethingOut) {
  const std::vector<std::pair<std::function<void(Declared&)>, std::string>> cases = {
      {[](Declared& d) { d.method.name = nullptr; }, "a method whose name is not made of a-z, 0-9 and _"},
      {[](Declared& d) { d.method.name = ""; }, "a method whose name is not made of"},
      {[](Declared& d) { d.method.name = "my method"; }, "a method whose name is not made of"},
      {[](Declared& d) { d.method.version = 0; }, "method mine has the version 0; count from 1"},
      {[](Declared& d) { d.method.summary = nullptr; }, "method mine has no summary"},
      {[](Declared& d) { d.method.training = static_cast<Training>(7); },
       "method mine is none of Training::none"},
      {[](Declared& d) { d.method.create = nullptr; }, "method mine has no function that creates it"},
      {[](Declared& d) { d.options.clear(); }, "method mine has 1 options and no list of them"},
      {[](Declared& d) { d.method.option_count = size_t{1} << 40; }, "options and no list of them"},
      {[](Declared& d) { d.options[0].name = nullptr; },
       "method mine has an option whose name is not made of"},
      {[](Declared& d) { d.options[0].default_value = nullptr; },
       "method mine: option depth lacks its default"},
      {[](Declared& d) { d.options[0].help = nullptr; }, "method mine: option depth lacks its help"},
      {[](Declared& d) { d.options[0].type = static_cast<OptionType>(9); },
       "option depth has the unknown type 9"},
      {[](Declared& d) { d.options[0].default_value = "deep"; },
       "method mine: the default of option depth: \"deep\" is not an integer"},
      {[](Declared& d) {
         d.options.push_back(kDepth);
         d.method.option_count = 2;
       },
       "method mine: two options are named depth; rename one"},
  };
  for (const auto& [spoil, expected] : cases) {
    const std::string message = complaint(spoil);
    EXPECT_NE(message.find(expected), std::string::npos) << "expected: " << expected << "\ngot: " << message;
  }
}

}  // namespace
}  // namespace promptbed
