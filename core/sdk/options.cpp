#include <fmt/format.h>
#include <promptbed/error.h>
#include <promptbed/options.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/ranges.h>

namespace promptbed {
namespace {

const char* type_name(size_t alternative) {
  constexpr const char* kNames[] = {"an integer", "a number", "true or false", "text"};
  return kNames[alternative];
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<OptionValue> parse(size_t alternative, std::string_view text) {
  switch (static_cast<OptionType>(alternative)) {
    case OptionType::integer:
      if (const auto value = parse_number<int64_t>(text)) return OptionValue(*value);
      return std::nullopt;
    case OptionType::real:
      if (const auto value = parse_number<double>(text); value && std::isfinite(*value))
        return OptionValue(*value);
      return std::nullopt;
    case OptionType::boolean:
      if (text == "true") return OptionValue(true);
      if (text == "false") return OptionValue(false);
      return std::nullopt;
    case OptionType::text:
      return OptionValue(std::string(text));
  }
  return std::nullopt;
}

OptionValue parse_or_throw(size_t alternative, std::string_view name, std::string_view text) {
  auto value = parse(alternative, text);
  if (!value) throw Error(fmt::format("option {}: \"{}\" is not {}", name, text, type_name(alternative)));
  return *std::move(value);
}

}  // namespace

Options::Options(std::span<const OptionSpec> specs) {
  for (const OptionSpec& spec : specs) {
    values_[spec.name] = parse_or_throw(static_cast<size_t>(spec.type), spec.name, spec.default_value);
  }
}

void Options::set(std::string_view name, std::string_view text) {
  set(name, parse_or_throw(at(name).index(), name, text));
}

void Options::set(std::string_view name, OptionValue value) {
  if (at(name).index() != value.index())
    throw Error(fmt::format("option {} takes {}", name, type_name(at(name).index())));
  values_.find(name)->second = std::move(value);
}

void Options::add(std::string_view prefix, const Options& others) {
  for (const auto& [name, value] : others.values_) {
    if (!values_.emplace(fmt::format("{}{}", prefix, name), value).second)
      throw Error(fmt::format("two options are named {}{}; rename one", prefix, name));
  }
}

Options Options::part(std::string_view prefix) const {
  Options part;
  for (const auto& [name, value] : values_) {
    if (name.starts_with(prefix)) part.values_.emplace(name.substr(prefix.size()), value);
  }
  return part;
}

const OptionValue& Options::at(std::string_view name) const {
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  std::vector<std::string_view> known;
  for (const auto& [key, value] : values_) known.push_back(key);
  if (known.empty()) throw Error(fmt::format("no option {}; there are none", name));
  throw Error(fmt::format("no option {}; known: {}", name, fmt::join(known, ", ")));
}

int64_t Options::integer(std::string_view name) const {
  return std::get<int64_t>(at(name));
}
double Options::real(std::string_view name) const {
  return std::get<double>(at(name));
}
bool Options::boolean(std::string_view name) const {
  return std::get<bool>(at(name));
}
const std::string& Options::text(std::string_view name) const {
  return std::get<std::string>(at(name));
}

}  // namespace promptbed
