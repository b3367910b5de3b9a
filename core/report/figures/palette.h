#pragma once

#include <array>
#include <string_view>

#include "report/figures/figure.h"

namespace promptbed {

/// What a colour is for. A page has its own colours for these, light and dark.
struct Paint {
  std::string_view role;    ///< "hue-1": a class in the page's style sheet
  std::string_view colour;  ///< "#0072b2": on white; no two are alike
};

inline constexpr Paint kInk = {"ink", "#1c2126"};
inline constexpr Paint kQuiet = {"quiet", "#5b646d"};
inline constexpr Paint kGrid = {"grid", "#dfe3e7"};
inline constexpr Paint kContour = {"contour", "#c3cad1"};
inline constexpr Paint kBar = {"bar", "#a3adb7"};  ///< a quantity that belongs to no method
inline constexpr Paint kInvisible = {"invisible",
                                     "#fefefe"};  ///< points that are only there to be pointed at

/// Grey, and eight colours that colour-blind people can tell apart (Okabe and Ito's, some darker for thin
/// lines on white).
inline constexpr std::array<Paint, 1 + kHues> kHuePaints = {{{"hue-0", "#6f7780"},
                                                             {"hue-1", "#0072b2"},
                                                             {"hue-2", "#d55e00"},
                                                             {"hue-3", "#00906a"},
                                                             {"hue-4", "#b8579a"},
                                                             {"hue-5", "#b07d00"},
                                                             {"hue-6", "#3a9bd9"},
                                                             {"hue-7", "#7a4fb5"},
                                                             {"hue-8", "#8c3b1f"}}};

inline constexpr Paint paint_of(const Look& look) {
  return kHuePaints[look.hue == 0 ? 0 : (look.hue - 1) % kHues + 1];
}

/// The dashes of a dashed line and the gaps between them, in pixels.
inline constexpr std::array<std::string_view, 4> kDashes = {"5,4", "2,3", "9,3,2,3", "9,4"};

inline constexpr std::string_view dashes_of(const Look& look) {
  return kDashes[look.shape % kDashes.size()];
}

}  // namespace promptbed
