#include "fuzz/fuzz_targets.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "data/draws/draw_file.h"
#include "data/layouts/folder_index.h"
#include "data/layouts/zhou_split.h"
#include "data/pictures/picture.h"
#include "data/pictures/view.h"
#include "data/suites/dataset_spec.h"
#include "data/suites/given_names.h"
#include "formats/ini.h"
#include "formats/json_object.h"
#include "formats/matlab_file.h"
#include "formats/pickle.h"
#include "formats/safetensors_file.h"
#include "formats/stored_zip.h"
#include "formats/text_files.h"
#include "report/grid/published.h"
#include "results/prompt_file.h"
#include "results/run_spec.h"
#include "support/scratch.h"
#include "table/render.h"
#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/vocabulary.h"

namespace promptbed::test {
namespace {

namespace fs = std::filesystem;

void use_json(const std::string& path) {
  const nlohmann::json json = read_json(path);
  const nlohmann::json copy = json;  // by recursion, as are the two below
  if (copy.dump().empty() || copy != json) throw std::logic_error("JSON that is not its copy");
}

void use_object(const std::string& path) {
  JsonObject fields = JsonObject::read(path);
  for (const std::string& key : fields.keys()) {
    if (fields.is_object(key)) fields.object(key).refuse_others();
    try {
      fields.count(key);
    } catch (const Error&) {
      fields.texts(key);
    }
  }
}

/// As those do who read settings, naming the file.
void use_ini(const std::string& path) {
  try {
    for (const IniEntry& entry : parse_ini(read_file(path))) {
      if (entry.key.empty() || entry.line == 0)
        throw std::logic_error("an INI entry without a key or a line");
    }
  } catch (const Error& fault) {
    throw Error(fmt::format("{}: {}", path, fault.what()));
  }
}

void use_stored_zip(const std::string& path) {
  const StoredZip zip(path);
  for (const std::string& name : zip.names()) {
    try {
      zip.read(name);
    } catch (const Error&) {  // the others may be whole
    }
  }
}

void use_split(const std::string& path) {
  Split split = read_zhou_split(path);
  check_split(split, path);
  write_zhou_split(path, split);  // what was taken can be written, too
}

void use_draw(const std::string& path) {
  draw_text(read_draw(path));
}

void use_reference_draw(const std::string& path) {
  read_reference_draw(path);
}

void use_pickle(const std::string& path) {
  unpickle(read_file(path), path);
}

void use_matlab(const std::string& path) {
  // One file may not be all of these, but most of one is read before that is noticed.
  const MatlabFile file(path);
  const auto attempt = [](const auto& read) {
    try {
      read();
    } catch (const Error&) {
    }
  };
  attempt([&] { file.texts("class_names"); });
  attempt([&] { file.integers("labels"); });
  attempt([&] { file.texts("annotations", "fname"); });
  file.integers("annotations", "class");
}

void use_lines(const std::string& path) {
  read_lines(path);
  read_word_lines(path);
}

void use_csv(const std::string& path) {
  read_csv(path);
}

/// Any list of images of a user's.
void use_manifest(const std::string& path) {
  read_split(read_own_dataset(path), "");
}

void use_dataset(const std::string& path) {
  read_dataset_spec(path);
}

void use_class_list(const std::string& path) {
  read_class_list(path);
}

void use_picture(const std::string& path) {
  constexpr int64_t kMostPixelsHere = 1 << 20;
  const Picture picture = decode_picture(path);
  if (int64_t{picture.width} * picture.height > kMostPixelsHere) return;
  // A model's side takes the sanitizers a tenth of a second, so that only some pictures are rendered at it.
  const int side = picture.width % 16 == 0 ? 224 : 32;
  for (const int view : {kCentreView, 0}) render_view(picture, side, view, 1);
}

void use_merges(const std::string& path) {
  const Merges merges = read_merges(fs::path(path).parent_path());
  if (merges.empty()) return;
  try {
    BpeTokenizer(merges).encode("a photo of a größer dog, 中文");
  } catch (const Error&) {  // which the caller completes with the file's name
  }
}

/// The tensors' bytes are read, too: all of them have to be there.
void use_safetensors(const std::string& path) {
  const SafetensorsFile file(path);
  hash_of_prompt(file.texts(), file.tensors());
  write_safetensors_file(path, file.tensors(), file.texts());  // what was taken can be written, too
}

void use_run_spec(const std::string& path) {
  try {
    const RunSpec spec = RunSpec::parse(read_json(path));
    spec.id();
  } catch (const Error& fault) {
    throw Error(fmt::format("{}: {}", path, fault.what()));  // as those do who read specs
  }
}

void use_paper(const std::string& path) {
  read_published(fs::path(path).parent_path().parent_path().parent_path());
}

void use_folder_index(const std::string& path) {
  FolderIndex(path).list(fs::path(path).parent_path());
}

/// Texts of anybody in what goes to a terminal.
void use_table(const std::string& path) {
  const std::string text = read_file(path);
  const Table table{.title = text,
                    .columns = {{text, Alignment::left, text}, {"b"}},
                    .rows = {{text, "1"}, {"c", text}},
                    .notes = {text}};
  for (const std::string& page : {render_text(table), render_markdown(table)}) {
    for (const std::string& line : lines_of(page)) {
      if (printable(line) != line) throw std::logic_error("a table that acts on a terminal");
    }
  }
  render_csv(table);
  render_latex(table);
}

constexpr std::array kTargets = {
    FuzzTarget{"class_list", "classes.txt", use_class_list},
    FuzzTarget{"csv", "table.csv", use_csv},
    FuzzTarget{"dataset", "small.json", use_dataset},
    FuzzTarget{"draw", "draw.json", use_draw},
    FuzzTarget{"folder_index", "folders.idx", use_folder_index},
    FuzzTarget{"ini", "settings.ini", use_ini},
    FuzzTarget{"json", "a.json", use_json},
    FuzzTarget{"json_object", "a.json", use_object},
    FuzzTarget{"lines", "lines.txt", use_lines},
    FuzzTarget{"manifest_csv", "birds.csv", use_manifest},
    FuzzTarget{"manifest_jsonl", "birds.jsonl", use_manifest},
    FuzzTarget{"matlab", "a.mat", use_matlab},
    FuzzTarget{"merges", "merges.txt", use_merges},
    FuzzTarget{"paper", "suite/published/paper.json", use_paper},
    FuzzTarget{"pickle", "a.pkl", use_pickle},
    FuzzTarget{"picture", "a.jpg", use_picture},
    FuzzTarget{"reference_draw", "shot_1-seed_1.pkl", use_reference_draw},
    FuzzTarget{"run_spec", "run.json", use_run_spec},
    FuzzTarget{"safetensors", "a.safetensors", use_safetensors},
    FuzzTarget{"split", "split.json", use_split},
    FuzzTarget{"stored_zip", "images.zip", use_stored_zip},
    FuzzTarget{"table", "text.txt", use_table},
    FuzzTarget{"tokenizer_json", "tokenizer.json", use_merges},
};

/// A path that has these bytes until the next call.
std::string file_of(const FuzzTarget& target, std::string_view bytes) {
  static const ScratchFolder folder;
  const fs::path path = folder / target.name / target.file;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path.string();
}

}  // namespace

std::span<const FuzzTarget> fuzz_targets() {
  return kTargets;
}

const FuzzTarget& fuzz_target(std::string_view name) {
  const auto* found = std::ranges::find(kTargets, name, &FuzzTarget::name);
  if (found != kTargets.end()) return *found;
  std::string known;
  for (const FuzzTarget& target : kTargets) known += std::string(known.empty() ? "" : ", ") + target.name;
  throw std::invalid_argument(fmt::format("no fuzz target '{}'; known: {}", name, known));
}

void run_fuzz_target(const FuzzTarget& target, std::string_view bytes) {
  const std::string path = file_of(target, bytes);
  try {
    target.read(path);
  } catch (const Error& fault) {
    const std::string message = fault.what();
    const auto names = [&](const fs::path& part) { return message.find(part.string()) != std::string::npos; };
    const bool is_good = message.find('\n') == std::string::npos &&
                         (names(fs::path(path).filename()) || names(fs::path(path).parent_path()));
    if (!is_good)
      throw std::logic_error(
          fmt::format("{}: the error is not one line that names the file: {}", target.name, message));
  }
}

}  // namespace promptbed::test
