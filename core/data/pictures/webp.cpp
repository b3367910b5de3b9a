#include <webp/decode.h>

#include "data/pictures/codecs.h"

namespace promptbed {

Picture decode_webp(Bytes file) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK)
    throw BadPicture("its header is damaged");
  if (features.has_animation != 0) throw BadPicture("it is animated");
  Picture picture = blank_picture(features.width, features.height);
  if (WebPDecodeRGBInto(file.data(), file.size(), picture.rgb.data(), picture.rgb.size(),
                        picture.width * 3) == nullptr)
    throw BadPicture("the file is damaged or cut short");
  return picture;
}

}  // namespace promptbed
