#pragma once

/// Exports a name from libpromptbed.so, for plugins to link. All other symbols are hidden.
#define PROMPTBED_EXPORT __attribute__((visibility("default")))
