#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/files.h"
#include "clip/mini_clip.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed::test {

/// A picture of one colour with a dark corner, as an uncompressed BMP file.
inline std::string bmp_picture(uint8_t red, uint8_t green, uint8_t blue) {
  constexpr int kSide = 12, kBytes = kSide * kSide * 3;
  std::string file = "BM";
  const auto number = [&file](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file += static_cast<char>(value >> (8 * i));
  };
  for (const uint32_t field : {54 + kBytes, 0, 54, 40, kSide, kSide}) number(field, 4);
  number(1, 2);
  number(24, 2);
  for (const uint32_t field : {0, kBytes, 2835, 2835, 0, 0}) number(field, 4);
  for (int pixel = 0; pixel < kSide * kSide; ++pixel) {
    const bool dark = pixel < kSide * kSide / 4;
    for (const uint8_t channel : {blue, green, red}) file += static_cast<char>(dark ? channel / 2 : channel);
  }
  return file;
}

/// A folder with all that a sweep takes, very small: a CLIP ("model"), a suite "small" of the datasets "one"
/// and "two" with four classes each ("suites"), and their pictures ("data").
class SweepWorld {
 public:
  static constexpr int kTrain = 3, kVal = 1, kTest = 3;

  SweepWorld() {
    write_mini_clip(scratch_ / "model");
    write_file(scratch_ / "suites/small/suite.json",
               nlohmann::json({{"id", "small"}, {"title", "Small"}, {"datasets", {"one", "two"}}}).dump());
    for (const std::string dataset : {"one", "two"}) write_dataset(dataset);
  }

  std::filesystem::path operator/(const std::filesystem::path& name) const { return scratch_ / name; }

  Finished run(const std::vector<std::string>& arguments, const std::string& prefix = "") const {
    return run_runner(scratch_.path(), {"PROMPTBED_DATASETS=" + (scratch_ / "suites").string()}, arguments,
                      prefix);
  }

  /// `runner sweep` with a short recipe on this world; `more` comes last.
  Finished sweep(const std::string& methods, std::vector<std::string> more = {},
                 const std::string& prefix = "") const {
    std::vector<std::string> arguments = {"sweep",   "--methods", methods,  "--suite", "small",
                                          "--model", "model",     "--data", "data",    "--shots",
                                          "2",       "--views",   "2"};
    const auto given = [&](const char* option) {
      return std::find(more.begin(), more.end(), option) != more.end();
    };
    if (!given("--seeds")) arguments.insert(arguments.end(), {"--seeds", "1,2"});
    if (!given("--epochs")) arguments.insert(arguments.end(), {"--epochs", "2"});
    if (!given("--jobs")) arguments.insert(arguments.end(), {"--jobs", "1"});
    if (!given("--threads")) arguments.insert(arguments.end(), {"--threads", "1"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, prefix);
  }

  /// Makes a suite "pocket" of the same datasets with the model, the splits and sealed features of two views
  /// embedded, and takes everything else away: "model" and "data" go to "away".
  void embed() const {
    namespace fs = std::filesystem;
    const fs::path pocket = scratch_ / "suites/pocket";
    fs::copy(scratch_ / "suites/small", pocket);
    write_file(pocket / "suite.json", nlohmann::json({{"id", "pocket"},
                                                      {"title", "Pocket"},
                                                      {"datasets", {"one", "two"}},
                                                      {"model", "model"},
                                                      {"data", "data"},
                                                      {"features", "features"}})
                                          .dump());
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"build"}, {"seal", "--output", (pocket / "features").string()}}) {
      std::vector<std::string> words = {"features"};
      words.insert(words.end(), command.begin(), command.end());
      words.insert(words.end(), {"--suite", "small", "--model", "model", "--data", "data", "--views", "2"});
      const Finished done = run(words);
      if (done.code != 0) throw std::runtime_error(done.err);
    }
    fs::copy(scratch_ / "model", pocket / "model");
    for (const std::string dataset : {"one", "two"}) {
      fs::create_directories(pocket / "data" / dataset);
      fs::copy(scratch_ / "data" / dataset / "split_zhou.json",
               pocket / "data" / dataset / "split_zhou.json");
    }
    fs::create_directory(scratch_ / "away");
    for (const char* name : {"model", "data", "suites/small"})
      fs::rename(scratch_ / name, scratch_ / "away" / fs::path(name).filename());
    fs::remove_all(scratch_ / "runs");
  }

  /// Puts the images of the embedded suite into it.
  void embed_images() const {
    const Finished done = run({"datasets", "seal", "--suite", "pocket", "--data", "away/data", "--output",
                               (scratch_ / "suites/pocket/data").string()});
    if (done.code != 0) throw std::runtime_error(done.err);
  }

  void write_split(const std::string& dataset, const nlohmann::json& split) const {
    write_file(scratch_ / ("data/" + dataset + "/split_zhou.json"), split.dump());
  }

  /// The split file of a dataset, its pictures written.
  nlohmann::json make_split(const std::string& dataset) const {
    const std::vector<std::string> classes = {"a", "b", "c", "d"};
    nlohmann::json split;
    uint8_t shade = dataset == "one" ? 10 : 20;
    for (const auto& [part, count] : {std::pair("train", kTrain), {"val", kVal}, {"test", kTest}}) {
      for (size_t label = 0; label < classes.size(); ++label) {
        for (int i = 0; i < count; ++i) {
          const std::string path = classes[label] + "/" + part + std::to_string(i) + ".bmp";
          shade += 7;
          write_file(scratch_ / ("data/" + dataset + "/images/" + path),
                     bmp_picture(shade, static_cast<uint8_t>(60 * label), static_cast<uint8_t>(200 - shade)));
          split[part].push_back({path, label, classes[label]});
        }
      }
    }
    return split;
  }

 private:
  void write_dataset(const std::string& id) const {
    const nlohmann::json dataset = {{"id", id},
                                    {"title", "Dataset " + id},
                                    {"folder", id},
                                    {"images", "images"},
                                    {"split", {{"kind", "zhou"}, {"file", "split_zhou.json"}}},
                                    {"template", "{}."},
                                    {"context_init", "a"}};
    write_file(scratch_ / ("suites/small/" + id + ".json"), dataset.dump());
    write_split(id, make_split(id));
  }

  ScratchFolder scratch_;
};

}  // namespace promptbed::test
