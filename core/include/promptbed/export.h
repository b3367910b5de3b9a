#pragma once

/// Marks what libpromptbed.so exports: the names that a plugin may link. All others are hidden.
#define PROMPTBED_EXPORT __attribute__((visibility("default")))
