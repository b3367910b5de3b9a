#include "base/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <new>

#include "base/input_file.h"

namespace promptbed {

struct Hasher::State {
  State() : xxh(XXH3_createState()) {
    if (xxh == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(xxh);
  }
  ~State() { XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  XXH3_state_t* xxh;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {}
Hasher::~Hasher() = default;

Hasher& Hasher::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
  return *this;
}

Hasher& Hasher::add(std::string_view text) {
  add(static_cast<int64_t>(text.size()));
  return add(std::as_bytes(std::span(text)));
}

Hasher& Hasher::add(int64_t number) {
  return add(std::as_bytes(std::span(&number, 1)));
}

std::string Hasher::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

uint64_t Hasher::low64() const {
  return XXH3_128bits_digest(state_->xxh).low64;
}

std::string hash_file(const std::filesystem::path& path) {
  const InputFile file(path);
  Hasher hasher;
  std::array<char, 1 << 16> buffer;
  while (const size_t got = file.read(buffer)) hasher.add(std::as_bytes(std::span(buffer.data(), got)));
  return hasher.hex();
}

}  // namespace promptbed
