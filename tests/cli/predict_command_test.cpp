#include <sys/stat.h>

#include <fstream>
#include <numeric>
#include <thread>

#include "cli/single_steps.h"

namespace promptbed {
namespace {

using test::Finished;

class PredictCommand : public test::SingleSteps {};

TEST_F(PredictCommand, TellsTheMostLikelyClassesOfPicturesAndFolders) {
  const auto json =
      json_of({"predict", "data/one/images/a", "data/one/images/b/test0.bmp", "--model", "model", "--classes",
               "a,b,c", "--template", "{}", "--top", "3", "--format", "json"});
  ASSERT_EQ(json.size(), 8U) << "seven of the folder and the other";
  EXPECT_EQ(json[0].at("picture"), "data/one/images/a/test0.bmp");
  EXPECT_EQ(json[7].at("picture"), "data/one/images/b/test0.bmp");
  for (const auto& picture : json) {
    const auto& guesses = picture.at("guesses");
    ASSERT_EQ(guesses.size(), 3U);
    EXPECT_GE(guesses[0].at("probability"), guesses[1].at("probability"));
    const double sum =
        std::accumulate(guesses.begin(), guesses.end(), 0.0, [](double total, const auto& guess) {
          return total + guess.at("probability").template get<double>();
        });
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}

TEST_F(PredictCommand, SeesWhatEvalSees) {
  ASSERT_EQ(run(on_world({"eval", "--prompt", id_, "--class-set", "base", "--predictions", "seen.csv"})).code,
            0);
  const Finished predicted = run({"predict", "data/one/images/a/test0.bmp", "--model", "model", "--prompt",
                                  id_, "--top", "1", "--format", "csv"});
  EXPECT_TRUE(predicted.out.starts_with("picture,rank,class,probability\ndata/one/images/a/test0.bmp,1,"))
      << predicted.out << predicted.err;
  const std::string eval = read_file(*world_ / "seen.csv");
  const std::string line = eval.substr(eval.find("a/test0.bmp,a,"));
  const std::string seen = line.substr(std::string("a/test0.bmp,a,").size(), 1);
  EXPECT_NE(predicted.out.find(",1," + seen + ","), std::string::npos) << predicted.out << line;
}

TEST_F(PredictCommand, NamesUnreadablePicturesAndGoesOn) {
  write_file(*world_ / "mixed/bad.png", "no picture");
  write_file(*world_ / "mixed/good.bmp", test::bmp_picture(1, 2, 3));
  const Finished result =
      run({"predict", "mixed", "gone.jpg", "--model", "model", "--classes", "a,b", "--template", "a {}"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("failed: mixed/bad.png: is not a JPEG"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("failed: gone.jpg: cannot be read"), std::string::npos) << result.err;
  EXPECT_TRUE(result.out.starts_with("mixed/good.bmp\n")) << result.out;
}

TEST_F(PredictCommand, ReadsAnImageFromAPipe) {
  const auto guesses_for = [&](const char* image) {
    const auto json = json_of(
        {"predict", image, "--model", "model", "--classes", "a,b", "--template", "{}", "--format", "json"});
    EXPECT_EQ(json.size(), 1U);
    return json.empty() ? nlohmann::json() : json[0].at("guesses");
  };
  const auto of_file = guesses_for("data/one/images/a/test0.bmp");
  const std::filesystem::path pipe = *world_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe) << read_file(*world_ / "data/one/images/a/test0.bmp"); });
  const auto of_pipe = guesses_for("pipe");
  writer.join();
  EXPECT_EQ(of_pipe, of_file);
}

TEST_F(PredictCommand, RefusesWrongInputInOneLine) {
  const std::string picture = "data/one/images/a/test0.bmp";
  expect_refused({"predict", "--model", "model", "--classes", "a,b"}, "runner predict needs images");
  expect_refused({"predict", picture, "--model", "model"},
                 "runner predict needs classes; give --classes cat,dog");
  expect_refused({"predict", picture, "--model", "model", "--classes", "a,a"},
                 "--classes a,a: names a twice");
  expect_refused({"predict", "model", "--model", "model", "--classes", "a,b"}, "model: holds no image");
  expect_refused({"predict", picture, "--model", "model", "--prompt", id_, "--template", "a {}"},
                 "--template: the prompt has its own words");
  expect_refused({"predict", picture, "--model", "model", "--classes", "a,b", "--template", "a photo"},
                 "must hold {} exactly once");
  expect_refused({"predict", picture, "--model", "model", "--classes", "a,b", "--top", "0"},
                 "--top 0: give 1 to");
}

}  // namespace
}  // namespace promptbed
