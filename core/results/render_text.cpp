#include "results/render_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace promptbed {
namespace {

constexpr size_t kGap = 2;       // blanks between columns
constexpr size_t kGroupGap = 4;  // and between groups

/// Neighbouring columns [begin, end) that stay together.
struct Group {
  size_t begin;
  size_t end;
};

/// Characters of a UTF-8 text: bytes that do not continue one.
size_t length(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, size_t width, Alignment alignment) {
  const std::string blanks(width - std::min(width, length(text)), ' ');
  return alignment == Alignment::left ? text + blanks : blanks + text;
}

std::string centred(const std::string& text, size_t width) {
  return padded(text, length(text) + (width - length(text)) / 2, Alignment::right);
}

std::vector<Group> groups_of(const std::vector<Column>& columns) {
  std::vector<Group> groups;
  for (size_t i = 1; i < columns.size(); ++i) {
    const bool goes_on = i > 1 && !columns[i].group.empty() && columns[i].group == columns[i - 1].group;
    if (goes_on) {
      groups.back().end = i + 1;
    } else {
      groups.push_back({i, i + 1});
    }
  }
  return groups;
}

size_t width_of(const Group& group, const std::vector<size_t>& widths) {
  size_t total = kGap * (group.end - group.begin - 1);
  for (size_t i = group.begin; i < group.end; ++i) total += widths[i];
  return total;
}

/// Each column as wide as its widest cell, and each group at least as wide as its heading.
std::vector<size_t> column_widths(const Table& table, const std::vector<Group>& groups) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    size_t width = length(table.columns[i].title);
    for (const auto& row : table.rows) width = std::max(width, length(row[i]));
    widths.push_back(width);
  }
  for (const Group& group : groups) {
    const size_t needed = length(table.columns[group.begin].group);
    for (size_t i = group.begin; width_of(group, widths) < needed;
         i = i + 1 < group.end ? i + 1 : group.begin)
      ++widths[i];
  }
  return widths;
}

/// The groups cut into blocks of at most `width` characters, a single wider group apart.
std::vector<std::vector<Group>> blocks_of(const std::vector<Group>& groups, const std::vector<size_t>& widths,
                                          size_t width) {
  std::vector<std::vector<Group>> blocks(1);
  size_t used = widths[0];
  for (const Group& group : groups) {
    const size_t needed = kGroupGap + width_of(group, widths);
    if (!blocks.back().empty() && used + needed > width) {
      blocks.emplace_back();
      used = widths[0];
    }
    blocks.back().push_back(group);
    used += needed;
  }
  return blocks;
}

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string group_line(const Table& table, const std::vector<Group>& block,
                       const std::vector<size_t>& widths) {
  std::string line(widths[0], ' ');
  for (const Group& group : block) {
    const size_t width = width_of(group, widths);
    line += std::string(kGroupGap, ' ') +
            padded(centred(table.columns[group.begin].group, width), width, Alignment::left);
  }
  return without_trailing_blanks(line);
}

template <class CellText>
std::string line_of(const Table& table, const std::vector<Group>& block, const std::vector<size_t>& widths,
                    const CellText& text) {
  std::string line = padded(text(0), widths[0], table.columns[0].alignment);
  for (const Group& group : block) {
    for (size_t i = group.begin; i < group.end; ++i) {
      line += std::string(i == group.begin ? kGroupGap : kGap, ' ');
      line += padded(text(i), widths[i], table.columns[i].alignment);
    }
  }
  return without_trailing_blanks(line);
}

std::string render_block(const Table& table, const std::vector<Group>& block,
                         const std::vector<size_t>& widths) {
  std::string out;
  const bool has_groups = std::any_of(block.begin(), block.end(), [&](const Group& group) {
    return !table.columns[group.begin].group.empty();
  });
  if (has_groups) out += group_line(table, block, widths);
  const std::string titles = line_of(table, block, widths, [&](size_t i) { return table.columns[i].title; });
  size_t width = widths[0];
  for (const Group& group : block) width += kGroupGap + width_of(group, widths);
  out += titles + std::string(width, '-') + '\n';
  for (const auto& row : table.rows) out += line_of(table, block, widths, [&](size_t i) { return row[i]; });
  return out;
}

}  // namespace

std::string render_text(const Table& table, size_t width) {
  const std::vector<Group> groups = groups_of(table.columns);
  const std::vector<size_t> widths = column_widths(table, groups);
  std::string out = table.title + '\n';
  for (const std::vector<Group>& block : blocks_of(groups, widths, width))
    out += '\n' + render_block(table, block, widths);
  if (!table.notes.empty()) out += '\n';
  for (const std::string& note : table.notes) out += "* " + note + '\n';
  return out;
}

}  // namespace promptbed
