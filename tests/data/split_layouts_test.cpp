#include "data/layouts/split_layouts.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

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
  EXPECT_ERROR(read_aircraft_split(spec, scratch.path()), "image 0078 is of 'Concorde', which the list");
  write_file(scratch / "images_variant_val.txt", "0078\n");
  EXPECT_ERROR(read_aircraft_split(spec, scratch.path()), "line '0078' has to hold a word and a class name");
}

}  // namespace
}  // namespace promptbed
