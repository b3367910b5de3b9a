#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/draws/class_sets.h"
#include "data/draws/few_shot.h"
#include "data/layouts/layouts.h"
#include "data/suites/suite.h"
#include "support/expect_error.h"
#include "support/matlab_writer.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// A data root in which a test lays out a small tree of a dataset's official files.
class OfficialLayout : public testing::Test {
 protected:
  static DatasetSpec spec_of(const std::string& id) {
    const fs::path suites = fs::path(PROMPTBED_SOURCE_DIR) / "datasets";
    for (const char* suite : {"paper", "shift"}) {
      for (const DatasetSpec& spec : read_suite(suites, suite).datasets) {
        if (spec.id == id) return spec;
      }
    }
    throw std::runtime_error(id);
  }

  void write(const fs::path& path, const std::string& contents = "") const {
    write_file(scratch_ / path, contents);
  }

  /// `count` empty images, <folder>/0.jpg and on.
  void write_images(const fs::path& folder, int count) const {
    for (int i = 0; i < count; ++i) write(folder / (std::to_string(i) + ".jpg"));
  }

  Split read(const std::string& id) const { return read_split(spec_of(id), scratch_.path()); }

  fs::path split_file(const std::string& id) const {
    return scratch_ / spec_of(id).folder / spec_of(id).split.file;
  }

  test::ScratchFolder scratch_;
};

void expect_sizes(const Split& split, size_t train, size_t val, size_t test) {
  EXPECT_EQ(split.train.size(), train);
  EXPECT_EQ(split.val.size(), val);
  EXPECT_EQ(split.test.size(), test);
}

std::set<std::string> paths_of(const std::vector<Image>& images) {
  std::set<std::string> paths;
  for (const Image& image : images) paths.insert(image.path);
  return paths;
}

TEST_F(OfficialLayout, ClassFoldersAreDividedBySharesRoundedToEven) {
  write_images("dtd/images/zigzagged", 15);  // 7.5 and 3 images
  write_images("dtd/images/banded", 13);     // 6.5 and 2.6 images
  write("dtd/images/banded/.hidden");
  const Split split = read("dtd");
  EXPECT_EQ(split.class_names, (Names{"banded", "zigzagged"}));
  expect_sizes(split, 6 + 8, 3 + 3, 4 + 4);
  std::set<std::string> all = paths_of(split.train);
  all.merge(paths_of(split.val));
  all.merge(paths_of(split.test));
  EXPECT_EQ(all.size(), 28U) << "each image is in one list";
}

TEST_F(OfficialLayout, AMadeSplitIsSavedAndReadFromThenOn) {
  write_images("dtd/images/banded", 10);
  const Split made = read("dtd");
  ASSERT_EQ(made.notes.size(), 1U);
  EXPECT_NE(made.notes[0].find("the split was made as the reference makes it, and saved there"),
            std::string::npos);
  write_images("dtd/images/later", 10);
  const Split again = read("dtd");
  EXPECT_EQ(again.hash(), made.hash());
  EXPECT_TRUE(again.notes.empty());
}

TEST_F(OfficialLayout, WhereTheDataCannotBeWrittenTheCacheKeepsASplit) {
  DatasetSpec spec = spec_of("dtd");
  spec.split.file = "blocked/split.json";
  write("dtd/blocked");  // a file, where saving needs a folder
  write_images("dtd/images/banded", 10);
  const Split made = read_split(spec, scratch_.path(), scratch_ / "cache");
  EXPECT_NE(made.notes.at(0).find("saved as " + (scratch_ / "cache/splits/dtd-").string()),
            std::string::npos);
  write_images("dtd/images/later", 10);
  EXPECT_EQ(read_split(spec, scratch_.path(), scratch_ / "cache").hash(), made.hash());

  fs::rename(scratch_ / "dtd", scratch_ / "moved");
  spec.folder = "moved";
  EXPECT_NE(read_split(spec, scratch_.path(), scratch_ / "cache").hash(), made.hash())
      << "another folder is another dataset";
}

TEST_F(OfficialLayout, Caltech101LeavesTwoFoldersOutAndRenamesFour) {
  for (const char* name : {"BACKGROUND_Google", "Faces", "Faces_easy", "Leopards", "Motorbikes", "accordion",
                           "airplanes", "car_side"})
    write_images(fs::path("caltech-101/101_ObjectCategories") / name, 5);
  EXPECT_EQ(read("caltech101").class_names,
            (Names{"face", "leopard", "motorbike", "accordion", "airplane", "car_side"}));
}

TEST_F(OfficialLayout, EuroSatHasTenNamesOfItsOwn) {
  for (const char* name : {"AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture",
                           "PermanentCrop", "Residential", "River", "SeaLake"})
    write_images(fs::path("eurosat/2750") / name, 5);
  const Split split = read("eurosat");
  EXPECT_EQ(split.class_names,
            (Names{"Annual Crop Land", "Forest", "Herbaceous Vegetation Land", "Highway or Road",
                   "Industrial Buildings", "Pasture Land", "Permanent Crop Land", "Residential Buildings",
                   "River", "Sea or Lake"}));
  EXPECT_EQ(class_names_of(split, ClassSet::base).size(), 5U);
}

TEST_F(OfficialLayout, Food101HasAFolderForEachClass) {
  write_images("food-101/images/apple_pie", 10);
  write_images("food-101/images/pho", 10);
  const Split split = read("food101");
  EXPECT_EQ(split.class_names, (Names{"apple_pie", "pho"}));
  expect_sizes(split, 10, 4, 6);
}

TEST_F(OfficialLayout, OxfordPetsTakesAFifthOfTheTrainingListForValidation) {
  std::string trainval = "Great_Pyrenees_100 2 2 1\nGreat_Pyrenees_101 2 2 1\n";
  for (int i = 0; i < 5; ++i) trainval += "Bengal_" + std::to_string(i) + " 1 1 1\n";
  write("oxford_pets/annotations/trainval.txt", trainval + "Great_Pyrenees_102 2 2 1\n");
  write("oxford_pets/annotations/test.txt", "Great_Pyrenees_9 2 2 1\nBengal_7 1 1 1\n");
  const Split split = read("oxford_pets");
  EXPECT_EQ(split.class_names, (Names{"bengal", "great_pyrenees"}));
  expect_sizes(split, 2 + 4, 1 + 1, 2);  // 0.6 and 1 images
  EXPECT_EQ(split.train.front().class_name, "great_pyrenees") << "classes in order of first appearance";
  EXPECT_EQ(split.test.front(), (Image{"Great_Pyrenees_9.jpg", 1, "great_pyrenees"}));
}

TEST_F(OfficialLayout, StanfordCarsMovesTheYearToTheFront) {
  test::MatlabWriter(scratch_ / "stanford_cars/devkit/cars_meta.mat")
      .texts("class_names", {"Audi TTS Coupe 2012", "smart fortwo 2010"});
  std::vector<std::pair<std::string, uint8_t>> train;
  for (int i = 0; i < 5; ++i) train.emplace_back("a" + std::to_string(i) + ".jpg", 1);
  for (int i = 0; i < 5; ++i) train.emplace_back("s" + std::to_string(i) + ".jpg", 2);
  test::MatlabWriter(scratch_ / "stanford_cars/devkit/cars_train_annos.mat").annotations(train);
  test::MatlabWriter(scratch_ / "stanford_cars/cars_test_annos_withlabels.mat")
      .annotations({{"x.jpg", 2}, {"y.jpg", 1}});
  const Split split = read("stanford_cars");
  EXPECT_EQ(split.class_names, (Names{"2012 Audi TTS Coupe", "2010 smart fortwo"}));
  expect_sizes(split, 8, 2, 2);
  EXPECT_EQ(split.test.front(), (Image{"cars_test/x.jpg", 1, "2010 smart fortwo"}));
  EXPECT_TRUE(split.train.front().path.starts_with("cars_train/a"));

  fs::remove(split_file("stanford_cars"));
  test::MatlabWriter(scratch_ / "stanford_cars/cars_test_annos_withlabels.mat").annotations({{"x.jpg", 3}});
  EXPECT_ERROR(read("stanford_cars"), "x.jpg has class 3, out of 1 to 2");
  write("stanford_cars/devkit/cars_meta.mat", "no matlab at all");
  EXPECT_ERROR(read("stanford_cars"),
               "cars_meta.mat: is not a MATLAB file of level 5; put the original file there");
}

TEST_F(OfficialLayout, OxfordFlowersGoesByTheLabelOfEachNumber) {
  std::vector<uint8_t> labels;
  for (int i = 0; i < 10; ++i) labels.insert(labels.end(), {2, 1});
  test::MatlabWriter(scratch_ / "oxford_flowers/imagelabels.mat").numbers("labels", labels);
  write("oxford_flowers/cat_to_name.json", R"({"1": "pink primrose", "2": "colt's foot"})");
  const Split split = read("oxford_flowers");
  EXPECT_EQ(split.class_names, (Names{"pink primrose", "colt's foot"}));
  expect_sizes(split, 10, 4, 6);
  EXPECT_EQ(split.train.front().class_name, "colt's foot") << "classes in order of first appearance";
  std::set<std::string> paths = paths_of(split.train);
  paths.merge(paths_of(split.val));
  paths.merge(paths_of(split.test));
  EXPECT_EQ(*paths.begin(), "image_00001.jpg");
  EXPECT_EQ(*paths.rbegin(), "image_00020.jpg");
}

TEST_F(OfficialLayout, Sun397TurnsThePartsOfANameAround) {
  write("sun397/ClassName.txt", "/a/abbey\n/b/bakery/shop\n");
  std::string training;
  for (int i = 0; i < 5; ++i) {
    training += "/b/bakery/shop/" + std::to_string(i) + ".jpg\n/a/abbey/" + std::to_string(i) + ".jpg\n";
  }
  write("sun397/Training_01.txt", training);
  write("sun397/Testing_01.txt", "/b/bakery/shop/9.jpg\n/a/abbey/9.jpg\n");
  const Split split = read("sun397");
  EXPECT_EQ(split.class_names, (Names{"abbey", "shop bakery"}));
  expect_sizes(split, 8, 2, 2);
  EXPECT_EQ(split.test.front(), (Image{"b/bakery/shop/9.jpg", 1, "shop bakery"}));
  fs::remove(split_file("sun397"));
  write("sun397/Testing_01.txt", "/c/castle/1.jpg\n");
  EXPECT_ERROR(read("sun397"), "Testing_01.txt: the class of '/c/castle/1.jpg' is not in ClassName.txt");
}

TEST_F(OfficialLayout, Ucf101SplitsWordsAtCapitals) {
  write("ucf101/ucfTrainTestlist/classInd.txt", "1 ApplyEyeMakeup\r\n2 YoYo\r\n");
  std::string training;
  for (int i = 0; i < 5; ++i) {
    const std::string number = std::to_string(i);
    training += "YoYo/v_YoYo_" + number + ".avi 2\nApplyEyeMakeup/v_ApplyEyeMakeup_" + number + ".avi 1\n";
  }
  write("ucf101/ucfTrainTestlist/trainlist01.txt", training);
  write("ucf101/ucfTrainTestlist/testlist01.txt",
        "YoYo/v_YoYo_9.avi\nApplyEyeMakeup/v_ApplyEyeMakeup_9.avi\n");
  const Split split = read("ucf101");
  EXPECT_EQ(split.class_names, (Names{"Apply_Eye_Makeup", "Yo_Yo"}));
  expect_sizes(split, 8, 2, 2);
  EXPECT_EQ(split.test.front(), (Image{"Yo_Yo/v_YoYo_9.jpg", 1, "Yo_Yo"}));
  fs::remove(split_file("ucf101"));
  write("ucf101/ucfTrainTestlist/testlist01.txt", "Juggling/v.avi\n");
  EXPECT_ERROR(read("ucf101"), "testlist01.txt: line 'Juggling/v.avi' must hold ACTION/VIDEO.avi");
}

TEST_F(OfficialLayout, ImageNetAndAircraftNeedNoSplitFile) {
  write("imagenet/classnames.txt", "n02 great shark\nn01 tench\n");
  for (const char* id : {"n01", "n02"}) {
    write_images(fs::path("imagenet/images/train") / id, 3);
    write_images(fs::path("imagenet/images/val") / id, 2);
  }
  const Split imagenet = read("imagenet");
  EXPECT_EQ(imagenet.class_names, (Names{"tench", "great shark"}));
  expect_sizes(imagenet, 6, 0, 4);
  EXPECT_TRUE(draw_few_shot(imagenet, 2, 1).val.empty());

  write("fgvc_aircraft/variants.txt", "Boeing 717\nSR-20\n");
  for (const char* part : {"train", "val", "test"})
    write("fgvc_aircraft/images_variant_" + std::string(part) + ".txt", "1 SR-20\n2 Boeing 717\n");
  EXPECT_EQ(read("fgvc_aircraft").class_names, (Names{"Boeing 717", "SR-20"}));
}

TEST_F(OfficialLayout, ImageNetV2GoesByTheLinesOfTheClassNames) {
  write("imagenetv2/classnames.txt", "n09 tench\nn01 shark\n");
  const fs::path images = "imagenetv2/imagenetv2-matched-frequency-format-val";
  write_images(images / "0", 2);
  write_images(images / "1", 1);
  const Split split = read("imagenetv2");
  EXPECT_EQ(split.class_names, (Names{"tench", "shark"}));
  expect_sizes(split, 0, 0, 3);
  fs::remove_all(scratch_ / images / "1");
  EXPECT_ERROR(read("imagenetv2"), "/1: cannot be listed");
}

TEST_F(OfficialLayout, SketchAAndRScoreOverTheClassesThatAreThere) {
  for (const auto& [id, folder, images] :
       std::vector<std::array<std::string, 3>>{{"imagenet_sketch", "imagenet-sketch", "images"},
                                               {"imagenet_a", "imagenet-adversarial", "imagenet-a"},
                                               {"imagenet_r", "imagenet-rendition", "imagenet-r"}}) {
    write(fs::path(folder) / "classnames.txt", "n01 tench\nn02 shark\nn03 crane bird\n");
    write(fs::path(folder) / images / "README.txt");
    write_images(fs::path(folder) / images / "n03", 2);
    write_images(fs::path(folder) / images / "n01", 1);
    const Split split = read(id);
    EXPECT_EQ(split.class_names, (Names{"tench", "crane bird"}));
    expect_sizes(split, 0, 0, 3);
  }
}

TEST_F(OfficialLayout, ADatasetWithoutItsFilesNamesWhatIsMissing) {
  fs::create_directories(scratch_ / "oxford_pets");
  EXPECT_ERROR(read("oxford_pets"), "annotations/trainval.txt: cannot be read");
  EXPECT_ERROR(read("oxford_pets"), "split_zhou_OxfordPets.json: is missing and cannot be made: ");
  write("oxford_pets/annotations/trainval.txt", "Bengal_6 one 1 1\n");
  EXPECT_ERROR(read("oxford_pets"), "line 'Bengal_6 one 1 1' must hold NAME_NUMBER and a label");
  write_images("dtd/images/banded", 3);
  EXPECT_ERROR(read("dtd"), "class 'banded' (label 0) has no test images");
  EXPECT_FALSE(fs::exists(split_file("dtd"))) << "a split that is wrong is not saved";
}

TEST_F(OfficialLayout, ClassesOfOneNameStayApartWithOneWarning) {
  write("imagenet-sketch/classnames.txt", "n01 crane\nn02 crane\nn03 maillot\nn04 maillot\n");
  for (const char* id : {"n01", "n02", "n03", "n04"})
    write_images(fs::path("imagenet-sketch/images") / id, 1);
  const Split split = read("imagenet_sketch");
  EXPECT_EQ(split.class_names, (Names{"crane", "crane", "maillot", "maillot"}));
  ASSERT_EQ(split.notes.size(), 1U);
  EXPECT_NE(split.notes[0].find("2 names are shared by several classes, first 'crane' (labels 0, 1)"),
            std::string::npos);
}

TEST(ImageNetSplit, LabelsFollowTheSortedIdsAndValIsTheTest) {
  const test::ScratchFolder scratch;
  FolderIndex index;
  DatasetSpec spec;
  spec.images = "images";
  spec.split.file = "classnames.txt";
  write_file(scratch / "classnames.txt", "n02 great shark\nn01 tench\n");
  for (const char* path : {"train/n02/b.jpg", "train/n02/a.jpg", "train/n02/.hidden", "train/n01/c.jpg",
                           "val/n01/d.jpg", "val/n02/e.jpg"})
    write_file(scratch / "images" / path, "");
  const Split split = read_imagenet_split(spec, scratch.path(), index);
  EXPECT_EQ(split.train, (std::vector<Image>{{"train/n01/c.jpg", 0, "tench"},
                                             {"train/n02/a.jpg", 1, "great shark"},
                                             {"train/n02/b.jpg", 1, "great shark"}}));
  EXPECT_TRUE(split.val.empty());
  EXPECT_EQ(split.test,
            (std::vector<Image>{{"val/n01/d.jpg", 0, "tench"}, {"val/n02/e.jpg", 1, "great shark"}}));
  write_file(scratch / "classnames.txt", "n01 tench\n");
  EXPECT_ERROR(read_imagenet_split(spec, scratch.path(), index), "classnames.txt: does not name class 'n02'");
}

TEST(AircraftSplit, LabelsFollowTheListOfVariants) {
  const test::ScratchFolder scratch;
  DatasetSpec spec;
  spec.split.file = "variants.txt";
  write_file(scratch / "variants.txt", "Boeing 717\r\nSR-20\r\n");
  write_file(scratch / "images_variant_train.txt", "0034 SR-20\n0012 Boeing 717\n");
  write_file(scratch / "images_variant_val.txt", "");
  write_file(scratch / "images_variant_test.txt", "0056 SR-20\n");
  const Split split = read_aircraft_split(spec, scratch.path());
  EXPECT_EQ(split.train, (std::vector<Image>{{"0034.jpg", 1, "SR-20"}, {"0012.jpg", 0, "Boeing 717"}}));
  EXPECT_EQ(split.test, (std::vector<Image>{{"0056.jpg", 1, "SR-20"}}));
  write_file(scratch / "images_variant_val.txt", "0078 Concorde\n");
  EXPECT_ERROR(read_aircraft_split(spec, scratch.path()),
               "image 0078 is of 'Concorde', which is not in the list");
  write_file(scratch / "images_variant_val.txt", "0078\n");
  EXPECT_ERROR(read_aircraft_split(spec, scratch.path()), "line '0078' must hold a word and a class name");
}

}  // namespace
}  // namespace promptbed
