#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/trained_classes.h>

#include "support/expect_error.h"

namespace promptbed {
namespace {

Tensor labels_of(const ClassNames& asked) {
  Task task;
  task.class_names = {"crane", "ox", "crane"};
  return trained_labels(task, asked, "weights");
}

TEST(TrainedClasses, HaveTheirPlacesInAnyOrder) {
  EXPECT_TRUE(at::equal(labels_of({"ox", "crane"}), torch::tensor({1, 0}, torch::kLong)));
}

TEST(TrainedClasses, OfOneNameKeepTheirOrder) {
  EXPECT_TRUE(at::equal(labels_of({"crane", "ox", "crane"}), torch::tensor({0, 1, 2}, torch::kLong)));
}

TEST(TrainedClasses, AreNoOthers) {
  EXPECT_ERROR(labels_of({"ox", "cat"}), "has no weights for classes that it was not trained on");
  EXPECT_ERROR(labels_of({"ox", "ox"}), "has no weights");
}

TEST(NamesAsBytes, ComeBack) {
  for (const ClassNames& names :
       {ClassNames(), ClassNames{"cat"}, ClassNames{"caf\xc3\xa9", "", "polar_bear"}})
    EXPECT_EQ(names_in_bytes(bytes_of_names(names)), names);
}

}  // namespace
}  // namespace promptbed
