#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace promptbed {

/// How a trace's data are drawn.
enum class Mark {
  curve,    ///< points joined by a line, over a band where the data have a spread
  line,     ///< a line that ends in a point
  level,    ///< a dashed line to compare curves with
  points,   ///< points alone
  contour,  ///< a thin grey line with its name at its end
  bars,     ///< neutral bars along x from 0, one at each y, with their spread and, at the right, their values
};

/// What a method looks like: a hue and a shape, so that nobody has to tell methods apart by hue alone. A
/// dashed line's shape is its dashes.
struct Look {
  size_t hue = 0;  ///< 0: grey, for what is not trained; 1 to kHues: colours
  size_t shape = 0;

  bool operator==(const Look&) const = default;
};

/// Colours besides grey. Beyond them, hues repeat with other shapes.
inline constexpr size_t kHues = 8;
/// Shapes of points: six that are filled, and the same six open.
inline constexpr size_t kShapes = 12;

/// The looks of methods. Methods get them in order, each the next free one, so that a project's are the same
/// in every figure if all of its methods are asked for first.
class Looks {
 public:
  /// The look of a method, or a variant of one, by its label in tables: "coop n_ctx=16". The variants of a
  /// method have its hue, and each a shape of its own. What is not trained is grey.
  Look of(const std::string& label, bool is_trained);

 private:
  struct Method {
    Look look;
    std::vector<std::string> variants = {};  ///< labels, as they came
  };

  std::map<std::string, Method> methods_;
  size_t trained_ = 0;
};

/// One fact.
struct Datum {
  double x = 0;
  double y = 0;
  double low = 0;  ///< the spread of y, of a bar that of x; none if both equal it
  double high = 0;
  std::string text = {};  ///< what it says, in words and numbers
};

/// Data that belong together.
struct Trace {
  std::string name;
  Mark mark = Mark::points;
  Look look = {};
  bool faint = false;  ///< drawn behind the others, and not in the legend
  std::vector<Datum> data;
};

struct Tick {
  double at = 0;
  std::string label;
};

struct Axis {
  std::string label;
  double least = 0;
  double most = 1;
  std::vector<Tick> ticks = {};
  bool doubles = false;   ///< logarithmic, to base 2
  bool is_names = false;  ///< its ticks are names, with nothing in between
};

/// One coordinate system and what is drawn in it.
struct Panel {
  std::string title;
  Axis x;
  Axis y;
  std::vector<Trace> traces;
  double width = 340;  ///< pixels at its natural size, including title and labels
  double height = 240;
};

/// A plot before it is drawn: one or more panels.
struct Figure {
  std::string id;  ///< "curves"; for links
  std::string title;
  std::string caption;  ///< how to read it
  std::vector<Panel> panels;
};

/// What a legend shows: the curves, levels and points that are not faint and not empty, each name once; in
/// grey what has several looks.
std::vector<Trace> legend_of(const Figure& figure);

/// What a panel shows, in words, for those who cannot see it.
std::string describe(const Panel& panel);

/// "-3.2" -> "−3.2": with a minus sign, as wide as the plus, instead of the hyphen.
std::string with_minus_sign(std::string number);

/// An axis with ticks at round numbers.
Axis axis_between(std::string label, double least, double most);

/// The same around all the values, with some room at both ends.
Axis axis_over(std::string label, const std::vector<double>& values);

/// Gives all y axes the length of the longest one, around what each shows, so that equal slopes are equal
/// gains.
void share_length_of_y(std::vector<Panel>& panels);

/// An axis from 0 over whole numbers, with ticks at some of them.
Axis axis_of_counts(std::string label, int64_t most);

/// An axis of names, the first on top: row i is at -i. Very long ones are cut.
Axis axis_of_names(const std::vector<std::string>& names);

}  // namespace promptbed
