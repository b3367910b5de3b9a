#include "data/suites/chosen_datasets.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// A suite "small" of the datasets "two" and "one", and a user's own images "birds".
class ChosenDatasetsTest : public testing::Test {
 protected:
  ChosenDatasetsTest() {
    write_suite();
    for (const char* id : {"one", "two"}) {
      const nlohmann::json dataset = {
          {"id", id},
          {"title", id},
          {"folder", id},
          {"images", "."},
          {"split", {{"kind", "zhou"}, {"file", "s.json"}, {"made_from", "class_folders"}}},
          {"template", "a photo of a {}."}};
      write_file(scratch_ / "suites/small" / (std::string(id) + ".json"), dataset.dump());
      write_images(fs::path("data") / id);
    }
    write_images("birds");
    spec_.suite = "small";
    spec_.suites = scratch_ / "suites";
    spec_.data = scratch_ / "data";
  }

  void write_suite(const nlohmann::json& more = nlohmann::json::object()) const {
    nlohmann::json suite = {{"id", "small"}, {"title", "Small"}, {"datasets", {"two", "one"}}};
    suite.update(more);
    write_file(scratch_ / "suites/small/suite.json", suite.dump());
  }

  void write_images(const fs::path& folder) const {
    for (const char* name : {"crow", "wren"}) {
      for (int i = 0; i < 4; ++i) write_file(scratch_ / folder / name / (std::to_string(i) + ".jpg"), "");
    }
  }

  ChosenDatasets choose(const std::string& words) {
    spec_.datasets = words;
    return ChosenDatasets(spec_);
  }

  Names ids(const std::string& words) {
    Names ids;
    const ChosenDatasets chosen = choose(words);
    for (const DatasetSpec& dataset : chosen.list()) ids.push_back(dataset.id);
    return ids;
  }

  Names class_names(const std::string& id) {
    const ChosenDatasets chosen = choose("one,two");
    return chosen.read_split(chosen.at(id)).class_names;
  }

  std::string birds() const { return (scratch_ / "birds").string(); }

  test::ScratchFolder scratch_;
  DataSpec spec_;
};

TEST_F(ChosenDatasetsTest, ComeInTheSuitesOrderAndOwnOnesLast) {
  EXPECT_EQ(ids("all"), (Names{"two", "one"}));
  EXPECT_EQ(ids("one,two,one"), (Names{"two", "one"}));
  EXPECT_EQ(ids(birds() + ",one"), (Names{"one", "birds"}));
  EXPECT_EQ(ids("all," + birds()), (Names{"two", "one", "birds"}));
}

TEST_F(ChosenDatasetsTest, AnOwnDatasetNeedsNoDataFolder) {
  spec_.data = "";
  const ChosenDatasets chosen = choose(birds());
  EXPECT_EQ(chosen.read_split(chosen.at("birds")).class_names, (Names{"crow", "wren"}));
  EXPECT_EQ(chosen.images(chosen.at("birds")).place(), fs::canonical(birds()) / "");
  EXPECT_FALSE(chosen.is_embedded(chosen.at("birds")));
  EXPECT_ERROR(choose("one," + birds()), "suite small embeds no data; give a folder with --data");
}

TEST_F(ChosenDatasetsTest, WhatTheSuiteEmbedsServesOnlyItsDatasets) {
  write_suite({{"data", "../../data"}});
  spec_.data = "";
  const ChosenDatasets chosen = choose("one," + birds());
  EXPECT_TRUE(chosen.is_embedded(chosen.at("one")));
  EXPECT_FALSE(chosen.is_embedded(chosen.at("birds")));
  spec_.data = scratch_ / "data";
  EXPECT_FALSE(choose("one").is_embedded(choose("one").at("one")));
}

TEST_F(ChosenDatasetsTest, UnknownIdsListTheKnown) {
  EXPECT_ERROR(choose("three"), "suite 'small' has no dataset 'three'; known: two, one");
  EXPECT_ERROR(choose("no/birds"), "no/birds: no such folder or manifest of a dataset; check the path");
  EXPECT_ERROR(choose(""), "no dataset is named");
  EXPECT_ERROR(choose("one").at("two"), "dataset 'two' is not among one");
}

TEST_F(ChosenDatasetsTest, TwoDatasetsNeverShareAnId) {
  write_images("mine/one");
  EXPECT_ERROR(choose((scratch_ / "mine/one").string()),
               "'one' is a dataset of suite small; give yours another \"id\"");
  write_images("mine/birds");
  EXPECT_ERROR(choose(birds() + "," + (scratch_ / "mine/birds").string()), "two datasets are called 'birds'");
}

TEST_F(ChosenDatasetsTest, UsersGiveTemplates) {
  spec_.templates = scratch_ / "templates.json";
  write_file(spec_.templates, R"({"one": "an engraving of a {}."})");
  EXPECT_EQ(choose("one,two").at("one").prompt_template, "an engraving of a {}.");
  EXPECT_EQ(choose("one,two").at("two").prompt_template, "a photo of a {}.");
  write_file(spec_.templates, R"({"one": "an engraving"})");
  EXPECT_ERROR(choose("one"), "templates.json: 'one' must hold {} exactly once");
  write_file(spec_.templates, R"({"uno": "a {}."})");
  EXPECT_ERROR(choose("one"), "templates.json: 'uno' is not one of --datasets; those are one");
}

TEST_F(ChosenDatasetsTest, UsersGiveClassNamesByLabelOrByName) {
  spec_.class_names = scratch_ / "names.json";
  write_file(spec_.class_names, R"({"one": ["raven", "jenny wren"], "two": {"wren": "winter wren"}})");
  EXPECT_EQ(class_names("one"), (Names{"raven", "jenny wren"}));
  EXPECT_EQ(class_names("two"), (Names{"crow", "winter wren"}));
  write_file(spec_.class_names, R"({"one": ["raven"]})");
  EXPECT_ERROR(class_names("one"), "names.json: has 1 names, and the dataset has 2 classes");
  write_file(spec_.class_names, R"({"one": {"owl": "barn owl"}})");
  EXPECT_ERROR(class_names("one"),
               "names.json: no class is called 'owl'; runner datasets show lists the names");
  write_file(spec_.class_names, R"({"one": ["bird", "bird"]})");
  const ChosenDatasets chosen = choose("one");
  EXPECT_NE(chosen.read_split(chosen.at("one")).notes.back().find("first 'bird' (labels 0, 1)"),
            std::string::npos);
}

TEST_F(ChosenDatasetsTest, ClassNamesChangeTheSplitsHash) {
  const auto hash = [&] {
    const ChosenDatasets chosen = choose("one");
    return chosen.read_split(chosen.at("one")).hash();
  };
  const std::string before = hash();
  spec_.class_names = scratch_ / "names.json";
  write_file(spec_.class_names, R"({"one": {"wren": "winter wren"}})");
  EXPECT_NE(hash(), before);
}

}  // namespace
}  // namespace promptbed
