#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "table/render.h"

namespace promptbed {
namespace {

constexpr size_t kGap = 2;            // blanks between columns
constexpr size_t kGroupGap = 4;       // and between groups
constexpr size_t kLeastWrapped = 24;  // characters that a wrapped column keeps
constexpr size_t kLeastWidth = 40;    // of a line, however narrow the terminal
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kPlain = "\x1b[0m";

using Group = ColumnGroup;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// The number in COLUMNS; 0 if there is none.
size_t width_of_environment() {
  const std::string_view columns = environment("COLUMNS");
  size_t width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  return width;
}

size_t width_of_terminal() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// Characters of a UTF-8 text: bytes that do not continue one.
size_t length_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// The text in lines of at most `width` characters, broken at blanks; a longer word has a line of its own.
/// At least one line.
std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const size_t blank = text.find(' ');
    const std::string_view word = text.substr(0, blank);
    if (!lines.back().empty() && length_of(lines.back()) + 1 + length_of(word) > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  }
  return lines;
}

std::string padded(const std::string& text, size_t width, Alignment alignment) {
  const std::string blanks(width - std::min(width, length_of(text)), ' ');
  return alignment == Alignment::left ? text + blanks : blanks + text;
}

std::string centred(const std::string& text, size_t width) {
  const size_t length = length_of(text);
  return padded(text, length + (width - std::min(width, length)) / 2, Alignment::right);
}

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

/// The table with texts that may go to a terminal, whoever wrote them.
Table with_printable_texts(Table table) {
  const auto make_printable = [](std::string& text) { text = printable(text); };
  table.title = printable_lines(table.title);
  std::ranges::for_each(table.notes, make_printable);
  for (Column& column : table.columns) {
    make_printable(column.title);
    make_printable(column.group);
  }
  for (auto& row : table.rows) {
    for (Cell& cell : row) make_printable(cell.text);
  }
  return table;
}

/// A table and the widths of its columns, in the style in which it is set.
class Layout {
 public:
  Layout(Table table, const TextStyle& style)
      : table_(std::move(table)), style_(style), groups_(groups_of(table_, headings())) {
    measure();
    limit_long_texts();
  }

  std::string render() const {
    std::string out;
    for (const std::string& line : lines_of(table_.title, style_.width)) out += line + '\n';
    for (const std::vector<Group>& block : blocks()) out += '\n' + render_block(block);
    if (!table_.notes.empty()) out += '\n';
    for (const std::string& note : table_.notes) out += render_note(note);
    return out;
  }

 private:
  size_t headings() const { return std::min(table_.heading_columns, table_.columns.size()); }

  /// Each column as wide as its widest cell, and each group at least as wide as its heading.
  void measure() {
    for (size_t i = 0; i < table_.columns.size(); ++i) {
      has_marks_.push_back(
          std::ranges::any_of(table_.rows, [&](const auto& row) { return row[i].incomplete; }));
      size_t width = length_of(table_.columns[i].title);
      for (const auto& row : table_.rows) width = std::max(width, length_of(text_of(row[i], i)));
      widths_.push_back(width);
    }
    for (const Group& group : groups_) {
      const size_t needed = length_of(table_.columns[group.begin].group);
      for (size_t i = group.begin; width_of(group) < needed; i = i + 1 < group.end ? i + 1 : group.begin)
        ++widths_[i];
    }
  }

  /// Text that does not fit beside the headings is broken into lines.
  void limit_long_texts() {
    if (!style_.wraps) return;
    for (size_t i = headings(); i < table_.columns.size(); ++i) {
      const size_t used = heading_width() + kGroupGap;
      const size_t room = style_.width > used ? style_.width - used : 0;
      if (table_.columns[i].alignment == Alignment::left)
        widths_[i] = std::min(widths_[i], std::max(room, kLeastWrapped));
    }
  }

  /// With the mark of an incomplete cell; the other cells of its column leave room for it.
  std::string text_of(const Cell& cell, size_t column) const {
    if (cell.incomplete) return cell.text + kIncompleteMark;
    const bool keeps_free = has_marks_[column] && table_.columns[column].alignment == Alignment::right;
    return keeps_free ? cell.text + ' ' : cell.text;
  }

  /// The text in the lines that it has to be broken into.
  std::vector<std::string> lines_of(const std::string& text, size_t width) const {
    const bool breaks = style_.wraps && length_of(text) > width;
    return breaks ? wrapped(text, width) : std::vector<std::string>{text};
  }

  size_t heading_width() const {
    size_t total = 0;
    for (size_t i = 0; i < headings(); ++i) total += widths_[i] + (i > 0 ? kGap : 0);
    return total;
  }

  size_t width_of(const Group& group) const {
    size_t total = kGap * (group.end - group.begin - 1);
    for (size_t i = group.begin; i < group.end; ++i) total += widths_[i];
    return total;
  }

  /// Blanks before a part of a block: fewer between columns without group headings.
  size_t gap_before(const std::vector<Group>& block, size_t part) const {
    const auto is_grouped = [&](const Group& group) { return !table_.columns[group.begin].group.empty(); };
    return part == 0 || is_grouped(block[part]) || is_grouped(block[part - 1]) ? kGroupGap : kGap;
  }

  size_t width_of(const std::vector<Group>& block) const {
    size_t width = heading_width();
    for (size_t i = 0; i < block.size(); ++i) width += gap_before(block, i) + width_of(block[i]);
    return width;
  }

  /// The group in parts that fit beside the headings, each of at least one column.
  std::vector<Group> parts_of(const Group& group) const {
    std::vector<Group> parts = {{group.begin, group.begin + 1}};
    for (size_t i = group.begin + 1; i < group.end; ++i) {
      const Group longer{parts.back().begin, i + 1};
      if (heading_width() + kGroupGap + width_of(longer) <= style_.width) {
        parts.back() = longer;
      } else {
        parts.push_back({i, i + 1});
      }
    }
    return parts;
  }

  /// The groups in blocks that fit.
  std::vector<std::vector<Group>> blocks() const {
    std::vector<std::vector<Group>> blocks(1);
    for (const Group& group : groups_) {
      for (const Group& part : parts_of(group)) {
        blocks.back().push_back(part);
        if (blocks.back().size() == 1 || width_of(blocks.back()) <= style_.width) continue;
        blocks.back().pop_back();
        blocks.push_back({part});
      }
    }
    return blocks;
  }

  std::string group_line(const std::vector<Group>& block) const {
    std::string line(heading_width(), ' ');
    for (size_t i = 0; i < block.size(); ++i) {
      const size_t width = width_of(block[i]);
      line += std::string(gap_before(block, i), ' ') +
              padded(centred(table_.columns[block[i].begin].group, width), width, Alignment::left);
    }
    return without_trailing_blanks(line);
  }

  /// A line of a block from its columns' texts.
  template <class CellText, class IsBold>
  std::string line_of(const std::vector<Group>& block, const CellText& text, const IsBold& is_bold) const {
    std::string line;
    const auto append = [&](size_t column, size_t gap) {
      const std::string cell = padded(text(column), widths_[column], table_.columns[column].alignment);
      line += std::string(gap, ' ') + (is_bold(column) ? kBold + cell + kPlain : cell);
    };
    for (size_t i = 0; i < headings(); ++i) append(i, i > 0 ? kGap : 0);
    for (size_t part = 0; part < block.size(); ++part) {
      for (size_t i = block[part].begin; i < block[part].end; ++i)
        append(i, i == block[part].begin ? gap_before(block, part) : kGap);
    }
    return without_trailing_blanks(line);
  }

  /// A row, in several lines if a cell's text is broken.
  std::string render_row(const std::vector<Group>& block, size_t index) const {
    const auto& row = table_.rows[index];
    const bool repeats_section = table_.heading_columns > 1 && index > 0 && !begins_section(table_, index);
    std::vector<std::vector<std::string>> lines(row.size());
    for (size_t i = 0; i < row.size(); ++i) {
      if (i == 0 && repeats_section) continue;
      lines[i] = lines_of(text_of(row[i], i), widths_[i]);
    }
    size_t height = 1;
    for (const Group& group : block) {
      for (size_t i = group.begin; i < group.end; ++i) height = std::max(height, lines[i].size());
    }
    std::string out;
    for (size_t line = 0; line < height; ++line) {
      out += line_of(
          block, [&](size_t i) { return line < lines[i].size() ? lines[i][line] : std::string(); },
          [&](size_t i) { return style_.is_styled && row[i].best; });
    }
    return out;
  }

  std::string render_block(const std::vector<Group>& block) const {
    std::string out;
    const bool has_groups = std::ranges::any_of(
        block, [&](const Group& group) { return !table_.columns[group.begin].group.empty(); });
    if (has_groups) out += group_line(block);
    out += line_of(
        block, [&](size_t i) { return table_.columns[i].title; }, [](size_t) { return false; });
    out += std::string(width_of(block), '-') + '\n';
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      if (begins_section(table_, i)) out += '\n';
      out += render_row(block, i);
    }
    return out;
  }

  std::string render_note(const std::string& note) const {
    const std::string text = note.starts_with(kIncompleteMark) ? note : "* " + note;
    const auto lines = lines_of(text, style_.width - kGap);
    std::string out = style_.is_styled ? kDim : "";
    for (size_t i = 0; i < lines.size(); ++i) out += (i > 0 ? "\n  " : "") + lines[i];
    return out + (style_.is_styled ? kPlain : "") + '\n';
  }

  const Table table_;
  const TextStyle& style_;
  std::vector<Group> groups_;
  std::vector<bool> has_marks_;
  std::vector<size_t> widths_;
};

}  // namespace

TextStyle output_style() {
  TextStyle style;
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  size_t width = is_terminal ? width_of_terminal() : 0;
  if (width == 0) width = width_of_environment();
  if (width > 0) style.width = width < kLeastWidth ? kLeastWidth : width;
  style.wraps = is_terminal;
  style.is_styled = is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  return style;
}

std::string render_text(const Table& table, const TextStyle& style) {
  return Layout(with_printable_texts(table), style).render();
}

}  // namespace promptbed
