#include "sweep/workbench.h"

#include <fmt/format.h>
#include <promptbed/error.h>

namespace promptbed {

Workbench::Workbench(SweepSpec spec)
    : spec_(std::move(spec)),
      registry_(plugin_folders(spec_.plugins)),
      suite_(read_suite(spec_.suites, spec_.suite)),
      model_(ClipModel::load(spec_.model, spec_.activation)) {
  if (std::filesystem::exists(spec_.ledger)) ledger_.emplace(spec_.ledger);
}

Ledger& Workbench::ledger() {
  if (!ledger_) ledger_.emplace(spec_.ledger);
  return *ledger_;
}

std::shared_ptr<const TextEncoder> Workbench::text_encoder() {
  if (!text_encoder_) text_encoder_ = std::make_shared<TextTransformer>(model_.checkpoint(), spec_.placement);
  return text_encoder_;
}

const ImageEncoder& Workbench::image_encoder() {
  if (!image_encoder_) image_encoder_ = model_.make_image_encoder(spec_.placement);
  return *image_encoder_;
}

std::filesystem::path prompt_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "prompts" / (run + ".safetensors");
}

}  // namespace promptbed
