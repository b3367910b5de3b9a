#include "data/suites/dataset_spec.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "data/draws/class_sets.h"
#include "data/layouts/split.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// A folder "birds" in which a test puts a user's images.
class OwnDataset : public testing::Test {
 protected:
  void write(const fs::path& path, const std::string& contents = "") const {
    write_file(scratch_ / "birds" / path, contents);
  }

  void write_images(const fs::path& folder, int count) const {
    for (int i = 0; i < count; ++i) write(folder / (std::to_string(i) + ".jpg"));
  }

  Split read(const fs::path& path = "birds") const {
    return read_split(read_own_dataset(scratch_ / path), "");
  }

  std::string folder() const { return (fs::canonical(scratch_.path()) / "birds").string(); }

  test::ScratchFolder scratch_;
};

TEST_F(OwnDataset, ClassFoldersAreDividedAsTheReferenceDividesThem) {
  write_images("wren", 10);
  write_images("crow", 20);
  const Split split = read();
  EXPECT_EQ(split.class_names, (Names{"crow", "wren"}));
  EXPECT_EQ(split.train.size(), 15U);
  EXPECT_EQ(split.val.size(), 6U);
  EXPECT_EQ(split.test.size(), 9U);
  EXPECT_EQ(read().hash(), split.hash());
  EXPECT_FALSE(fs::exists(scratch_ / "birds/split.json")) << "nothing is written among the user's images";
}

TEST_F(OwnDataset, NamesAreUtf8) {
  write_images("wren", 4);
  write_images("caf\xe9", 4);
  EXPECT_ERROR(read(), "/birds: image 'caf\\xe9/");
  fs::rename(scratch_ / "birds", scratch_ / "b\xff");
  EXPECT_ERROR(read("b\xff"), ": the name 'b\\xff' is not UTF-8; write it in UTF-8");
}

TEST_F(OwnDataset, TrainValAndTestFoldersAreTakenAsTheyAre) {
  write_images("train/wren", 3);
  write_images("train/crow", 2);
  write_images("test/crow", 1);
  write_images("test/wren", 1);
  Split split = read();
  EXPECT_EQ(split.class_names, (Names{"crow", "wren"}));
  EXPECT_EQ(split.train.size(), 5U);
  EXPECT_TRUE(split.val.empty());
  EXPECT_EQ(split.test, (std::vector<Image>{{"test/crow/0.jpg", 0, "crow"}, {"test/wren/0.jpg", 1, "wren"}}));
  write_images("val/crow", 1);
  EXPECT_EQ(read().val.size(), 1U);
}

TEST_F(OwnDataset, PartsMayBeSpelledInOtherWays) {
  write_images("Train/wren", 3);
  write_images("valid/wren", 2);
  write_images("TEST/wren", 1);
  const Split split = read();
  EXPECT_EQ(split.train.size(), 3U);
  EXPECT_EQ(split.val.size(), 2U);
  EXPECT_EQ(split.test, (std::vector<Image>{{"TEST/wren/0.jpg", 0, "wren"}}));
  write_images("val/wren", 1);
  EXPECT_ERROR(read(), "val and valid both hold the val images; keep one of them");
}

TEST_F(OwnDataset, FoldersThatSystemsLeaveAreNoClasses) {
  write_images("wren", 4);
  write("wren/@eaDir/1.jpg/SYNO.jpg");
  write("__MACOSX/birds/wren/._1.jpg");
  const Split split = read();
  EXPECT_EQ(split.class_names, (Names{"wren"}));
  ASSERT_EQ(split.notes.size(), 1U);
  EXPECT_NE(split.notes[0].find("folders that no user makes are left out: __MACOSX, wren/@eaDir"),
            std::string::npos)
      << split.notes[0];
}

TEST_F(OwnDataset, AClassMayBeCalledTrain) {
  write_images("train", 4);
  write_images("bus", 4);
  EXPECT_EQ(read().class_names, (Names{"bus", "train"}));
}

TEST_F(OwnDataset, ACsvManifestListsImages) {
  write("manifest.csv",
        "\xef\xbb\xbfsplit,path,note,class\r\n"
        "train,\"a, b/1.jpg\",x,\"the \"\"crow\"\"\"\r\n"
        "test,2.jpg,,\"the \"\"crow\"\"\"\r\n\r\n"
        "train,3.jpg,\"two\nlines\",wren\n"
        "test,4.jpg,,wren");
  const Split split = read();
  EXPECT_EQ(split.class_names, (Names{"the \"crow\"", "wren"}));
  EXPECT_EQ(split.train.front(), (Image{"a, b/1.jpg", 0, "the \"crow\""}));
  EXPECT_EQ(split.test.back(), (Image{"4.jpg", 1, "wren"}));
}

TEST_F(OwnDataset, AJsonLinesManifestListsImages) {
  write("manifest.jsonl",
        "{\"path\": \"1.jpg\", \"class\": \"wren\", \"split\": \"train\", \"photographer\": \"me\"}\n\n"
        "{\"path\": \"2.jpg\", \"class\": \"wren\", \"split\": \"test\"}\n");
  EXPECT_EQ(read().class_names, (Names{"wren"}));
}

TEST_F(OwnDataset, AManifestMayHaveAnyName) {
  write("north.csv", "path,class,split\n1.jpg,wren,train\n2.jpg,wren,test\n");
  const DatasetSpec spec = read_own_dataset(scratch_ / "birds/north.csv");
  EXPECT_EQ(spec.id, "north");
  EXPECT_EQ(spec.folder.string(), folder());
  EXPECT_EQ(read("birds/north.csv").train.size(), 1U);
}

constexpr const char* kZhouSplit = R"({"train": [["wren/1.jpg", 0, "wren"], ["crow/1.jpg", 1, "crow"]],
  "val": [], "test": [["wren/2.jpg", 0, "wren"], ["crow/2.jpg", 1, "crow"]]})";

TEST_F(OwnDataset, CoOpsLayoutIsTakenAsItIs) {
  write("split_zhou_Birds.json", kZhouSplit);
  for (const char* image : {"wren/1.jpg", "crow/1.jpg", "wren/2.jpg", "crow/2.jpg"})
    write(fs::path("images") / image);
  const DatasetSpec spec = read_own_dataset(scratch_ / "birds");
  EXPECT_EQ(spec.id, "birds");
  EXPECT_EQ(spec.images, "images");
  const Split split = read();
  EXPECT_EQ(split.class_names, (Names{"wren", "crow"})) << "labels are the split's";
  EXPECT_EQ(split.train, (std::vector<Image>{{"wren/1.jpg", 0, "wren"}, {"crow/1.jpg", 1, "crow"}}));
  EXPECT_EQ(read("birds/split_zhou_Birds.json").hash(), split.hash());
  EXPECT_EQ(read_own_dataset(scratch_ / "birds/split_zhou_Birds.json").id, "birds");
}

TEST_F(OwnDataset, ASplitOfCoOpsFormMayHaveAnyNameAndImagesAnyFolder) {
  write("fold2.json", kZhouSplit);
  write("jpg/wren/1.jpg");
  const DatasetSpec spec = read_own_dataset(scratch_ / "birds/fold2.json");
  EXPECT_EQ(spec.id, "fold2");
  EXPECT_EQ(spec.images, "jpg");
  write("wren/1.jpg");
  EXPECT_EQ(read_own_dataset(scratch_ / "birds/fold2.json").images, ".");
}

TEST_F(OwnDataset, OneOfSeveralSplitsIsNamed) {
  write("split_zhou_A.json", kZhouSplit);
  write("split_zhou_B.json", kZhouSplit);
  EXPECT_ERROR(
      read(), "birds: has several splits, split_zhou_A.json and split_zhou_B.json; name one, as " + folder());
  EXPECT_EQ(read("birds/split_zhou_B.json").train.size(), 2U);
  write("split_zhou_B.json", "[]");
  EXPECT_ERROR(read("birds/split_zhou_B.json"), "split_zhou_B.json: is not a split; it must hold an object");
}

TEST_F(OwnDataset, TellsALineThatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "manifest.csv: is empty; begin with the line path,class,split"},
      {"path,class\n", "manifest.csv, line 1: the heading has no column 'split'"},
      {"path,class,split\n1.jpg,wren\n", "line 2: has 2 fields and the heading 3"},
      {"path,class,split\n1.jpg,wren,dev\n", "line 2: split is 'dev'; known: train, val, test"},
      {"path,class,split\n1.jpg,,train\n", "line 2: the class has no name"},
      {"path,class,split\n\n../1.jpg,wren,train\n",
       "line 3: '../1.jpg' does not stay inside the manifest's folder"},
      {"path,class,split\n/1.jpg,wren,train\n",
       "line 2: '/1.jpg' does not stay inside the manifest's folder"},
      {"path,class,split\n1.jpg,\"wren,train\n", "line 2: is not CSV: a quote is never closed"},
      {"path,class,split\n1.jpg,\"wren\"s,train\n", "line 2: is not CSV: text follows a closing quote"},
      {"path,class,split\n", "manifest.csv: lists no images"},
  };
  for (const auto& [contents, message] : cases) {
    write("manifest.csv", contents);
    EXPECT_ERROR(read(), message);
  }
  write("birds.jsonl", "{\"path\": \"1.jpg\", \"class\": \"wren\", \"split\": \"train\"}\n{\"path\": 1\n");
  EXPECT_ERROR(read("birds/birds.jsonl"), "birds.jsonl, line 2: is not JSON; fix or replace the file");
  write("birds.jsonl", "{\"path\": \"1.jpg\", \"class\": 7}\n");
  EXPECT_ERROR(read("birds/birds.jsonl"), "line 1: has no text under 'class'");
  write("birds.txt", "1.jpg wren\n");
  EXPECT_ERROR(read("birds/birds.txt"), "birds.txt: is not a manifest by its name");
}

TEST_F(OwnDataset, ADescriptionGivesWordsAndNames) {
  write_images("p1", 4);
  write_images("p2", 4);
  write("dataset.json",
        R"({"id": "garden", "title": "Garden birds", "template": "a drawing of a {}.",
            "context_init": "a drawing of a", "renames": {"p1": "wren"}})");
  const DatasetSpec spec = read_own_dataset(scratch_ / "birds");
  EXPECT_EQ(spec.id, "garden");
  EXPECT_EQ(spec.title, "Garden birds");
  EXPECT_EQ(spec.prompt_template, "a drawing of a {}.");
  EXPECT_EQ(spec.context_init, "a drawing of a");
  EXPECT_EQ(read().class_names, (Names{"wren", "p2"}));
  write("dataset.json", R"({"templat": "a drawing of a {}."})");
  EXPECT_ERROR(read(), "dataset.json: 'templat' is an unknown key; did you mean template?");
  write("dataset.json", R"({"id": "a/b"})");
  EXPECT_ERROR(read(), "dataset.json: id 'a/b' cannot name a dataset");
  write("dataset.json", "{\n\"id\": \n}");
  EXPECT_ERROR(read(), "dataset.json, line 3: is not JSON; fix or replace the file");
}

TEST_F(OwnDataset, WithoutADescriptionTheFolderNamesIt) {
  write_images("wren", 4);
  const DatasetSpec spec = read_own_dataset(scratch_ / "birds/");
  EXPECT_EQ(spec.id, "birds");
  EXPECT_EQ(spec.title, "birds");
  EXPECT_EQ(spec.prompt_template, "a photo of a {}.");
  EXPECT_EQ(spec.context_init, "a photo of a");
  EXPECT_EQ(read_own_dataset(scratch_ / "birds/wren/..").id, "birds");
}

TEST_F(OwnDataset, NamesMayHaveBlanksQuotesAndAnyLetters) {
  write_images("b\xc3\xb6ser \"Wolf\"", 4);
  write_images("it's", 4);
  const Split split = read();
  EXPECT_EQ(split.class_names, (Names{"b\xc3\xb6ser \"Wolf\"", "it's"}));
  EXPECT_TRUE(split.train.front().path.starts_with("b\xc3\xb6ser \"Wolf\"/"));
}

TEST_F(OwnDataset, OtherFilesAreLeftOutWithOneNote) {
  write_images("wren", 4);
  write("wren/Thumbs.db");
  write("wren/notes.txt");
  write("wren/4.JPEG");
  const Split split = read();
  EXPECT_EQ(split.train.size() + split.val.size() + split.test.size(), 5U);
  ASSERT_EQ(split.notes.size(), 1U);
  EXPECT_NE(
      split.notes[0].find("files left out whose names are not those of images: 2, the first wren/Thumbs.db"),
      std::string::npos);
}

TEST_F(OwnDataset, RefusesWhatIsNoDataset) {
  fs::create_directory(scratch_ / "birds");
  EXPECT_ERROR(read(), "birds: holds no dataset; it needs class folders");
  write_images("wren", 3);
  EXPECT_ERROR(read(), "wren: has 3 images (jpg, jpeg, png, webp, bmp, gif, tif or tiff); a class needs 4");
  write_images("wren", 4);
  write_images("wren/young", 4);
  EXPECT_ERROR(read(), "wren/young: is a folder inside a class's folder");
  fs::remove_all(scratch_ / "birds/wren/young");
  fs::create_directory_symlink(scratch_ / "birds", scratch_ / "birds/wren/all");
  EXPECT_ERROR(read(), "wren/all: is a folder inside a class's folder");
  fs::remove(scratch_ / "birds/wren/all");
  fs::create_symlink("loop", scratch_ / "birds/wren/loop");
  EXPECT_ERROR(read(), "wren/loop: is a cyclic link");
  EXPECT_ERROR(read_own_dataset("/dev/null"), "/dev/null: is a pipe or device; save it as a file");
}

TEST_F(OwnDataset, RefusesPartsThatDoNotFit) {
  write_images("train/wren", 2);
  EXPECT_ERROR(read(), "birds: has no test folder; add one");
  write_images("test/wren", 1);
  write_images("test/crow", 1);
  EXPECT_ERROR(read(), "birds: class 'crow' (label 0) has no training images");
  fs::remove_all(scratch_ / "birds");
  fs::create_directories(scratch_ / "birds/train/wren");
  fs::create_directories(scratch_ / "birds/test/wren");
  EXPECT_ERROR(read(), "birds: lists no images");
}

TEST_F(OwnDataset, ATestFolderAloneIsATestSet) {
  write_images("test/wren", 2);
  EXPECT_TRUE(read().train.empty());
}

}  // namespace
}  // namespace promptbed
