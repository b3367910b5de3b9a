#include "data/layouts/split.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using nlohmann::json;

json entry(const std::string& path, int label, const std::string& name) {
  return json::array({path, label, name});
}

/// A data root with one dataset of the classes "cat" and "dog".
class SplitTest : public testing::Test {
 protected:
  SplitTest() {
    spec_.id = "pets";
    spec_.title = "Pets";
    spec_.folder = "pets";
    spec_.images = "images";
    spec_.split.file = "split.json";
    json_ = {{"train", {entry("d/1.jpg", 1, "dog"), entry("c/1.jpg", 0, "cat")}},
             {"val", json::array()},
             {"test", {entry("c/2.jpg", 0, "cat"), entry("d/2.jpg", 1, "dog")}}};
  }

  Split read() {
    write_file(scratch_ / "pets/split.json", json_.dump());
    return read_split(spec_, scratch_.path());
  }

  test::ScratchFolder scratch_;
  DatasetSpec spec_;
  json json_;
};

TEST_F(SplitTest, ReadsImagesInOrderAndNamesByLabel) {
  const Split split = read();
  EXPECT_EQ(split.train, (std::vector<Image>{{"d/1.jpg", 1, "dog"}, {"c/1.jpg", 0, "cat"}}));
  EXPECT_TRUE(split.val.empty());
  EXPECT_EQ(split.test.size(), 2U);
  EXPECT_EQ(split.class_names, (std::vector<std::string>{"cat", "dog"}));
}

TEST_F(SplitTest, RenamesClasses) {
  spec_.renames = {{"cat", "kitten"}};
  const Split split = read();
  EXPECT_EQ(split.class_names.at(0), "kitten");
  EXPECT_EQ(split.test.at(0).class_name, "kitten");
  EXPECT_NO_THROW(read()) << "a suite's file may have the new name";
  spec_.renames = {{"cta", "kitten"}};
  EXPECT_ERROR(read(), "'renames': no class is called 'cta'; did you mean cat?");
}

TEST_F(SplitTest, NotesNamesThatReadTheSameInAPrompt) {
  const auto notes_of = [](std::vector<std::string> names) {
    Split split{.train = {}, .val = {}, .test = {}, .class_names = std::move(names), .notes = {}};
    note_shared_names(split, "birds");
    return split.notes;
  };
  EXPECT_EQ(
      notes_of({"great_tit", "wren", "great tit"}),
      (std::vector<std::string>{"birds: a group of names read the same in a prompt, first 'great tit' and "
                                "'great_tit' (labels 0, 2); rename all but one, or put their images into "
                                "one class"}));
  EXPECT_EQ(notes_of({"Wren", "wren", "caf\u00e9", "cafe\u0301"}).size(), 1U);
  EXPECT_TRUE(
      notes_of({"Wren", "wren", "caf\u00e9", "cafe\u0301"})[0].starts_with("birds: 2 groups of names"));
  EXPECT_TRUE(notes_of({"wren", "wrens", "great tit", "greattit", "cafe", "caf\u00e9"}).empty());
  EXPECT_EQ(notes_of({"crane", "crane"}).size(), 1U) << "the same name is another note";
}

TEST_F(SplitTest, NamesHaveNoControlCharacters) {
  json_["test"][0][2] = json_["train"][1][2] = "cat\x1b[31m";
  EXPECT_ERROR(read(), "split.json: class 'cat\\x1b[31m' has control characters; leave them out");
  json_["test"][0] = entry("c/\n.jpg", 0, "cat");
  EXPECT_ERROR(read(), "split.json: image 'c/\\x0a.jpg' has control characters; leave them out");
}

TEST_F(SplitTest, ALabelIsANumberThatCanBeCounted) {
  json_["test"][0][1] = uint64_t{1} << 63;
  EXPECT_ERROR(read(),
               "split.json: entry 0 of 'test' is not [\"path\", label, \"class name\"]; fix the file");
}

TEST_F(SplitTest, HashTellsOrderPathsLabelsAndNames) {
  const std::string hash = read().hash();
  EXPECT_EQ(read().hash(), hash);
  std::swap(json_["train"][0], json_["train"][1]);
  EXPECT_NE(read().hash(), hash);
  std::swap(json_["train"][0], json_["train"][1]);
  json_["val"] = json::array({json_["test"][0]});
  EXPECT_NE(read().hash(), hash);
  json_["val"] = json::array();
  spec_.renames = {{"cat", "kitten"}};
  EXPECT_NE(read().hash(), hash);
}

TEST_F(SplitTest, MissingFoldersAndFilesHaveARemedy) {
  EXPECT_ERROR(read_split(spec_, scratch_ / "none"), "none: no such data folder; give the folder of");
  EXPECT_ERROR(read_split(spec_, scratch_.path()), "pets: no such folder; put dataset 'pets' there");
  std::filesystem::create_directory(scratch_ / "pets");
  EXPECT_ERROR(read_split(spec_, scratch_.path()), "split.json: no such split file; put Pets's split there");
}

TEST_F(SplitTest, AFileOfAnotherShapeIsRefused) {
  json_ = json::array();
  EXPECT_ERROR(read(), "split.json: is not a split");
  json_ = {{"train", 1}};
  EXPECT_ERROR(read(), "split.json: has no list 'train'");
  json_ = {{"train", {entry("a", 0, "cat"), "b"}}};
  EXPECT_ERROR(read(), "entry 1 of 'train' is not [\"path\", label, \"class name\"]");
  json_ = {{"train", json::array()}, {"val", json::array()}, {"test", json::array()}};
  EXPECT_ERROR(read(), "lists no images");
}

TEST_F(SplitTest, APathOutsideTheImageFolderIsRefused) {
  json_["test"][0][0] = "../secret.jpg";
  EXPECT_ERROR(read(), "'../secret.jpg' in 'test' leaves the dataset's image folder");
  json_["test"][0][0] = "/secret.jpg";
  EXPECT_ERROR(read(), "'/secret.jpg' in 'test' leaves the dataset's image folder");
}

TEST_F(SplitTest, LabelsCountFromZeroWithoutHoles) {
  json_["train"][0][1] = json_["test"][1][1] = 2;
  EXPECT_ERROR(read(), "label 1 has no images");
  json_["train"][0][1] = json_["test"][1][1] = -1;
  EXPECT_ERROR(read(), "class 'dog' has label -1; labels start at 0");
}

TEST_F(SplitTest, ALabelHasOneName) {
  json_["test"][0][2] = "kitten";
  EXPECT_ERROR(read(), "label 0 has two names, 'cat' and 'kitten'");
}

TEST_F(SplitTest, AClassNeedsTrainingAndTestImages) {
  json_["test"].erase(1);
  EXPECT_ERROR(read(), "class 'dog' (label 1) has no test images");
  json_["test"].push_back(entry("d/2.jpg", 1, "dog"));
  json_["train"].erase(1);
  EXPECT_ERROR(read(), "class 'cat' (label 0) has no training images");
}

TEST_F(SplitTest, ATestSetAloneNeedsNoTrainingImages) {
  json_["train"] = nlohmann::json::array();
  EXPECT_TRUE(read().train.empty());
  json_["test"].erase(0);
  EXPECT_ERROR(read(), "label 0 has no images");
}

}  // namespace
}  // namespace promptbed
