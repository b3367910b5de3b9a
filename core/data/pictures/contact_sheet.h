#pragma once

#include <string>
#include <vector>

#include "data/pictures/image_files.h"
#include "data/pictures/picture.h"

namespace promptbed {

/// Images of each class as small squares: a row per class, top to bottom, in several columns if there are
/// many classes. The squares show the centres. Throws Error for an image that is missing or unreadable.
Picture contact_sheet(const std::vector<std::vector<std::string>>& classes, const ImageFiles& files);

}  // namespace promptbed
