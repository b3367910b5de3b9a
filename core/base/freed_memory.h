#pragma once

namespace promptbed {

/// Keeps memory that is freed for the next allocation instead of giving it back to the system: a training
/// step asks for the same tensors every time, and the system clears each page that it hands out. For
/// programs, at their start.
void keep_freed_memory();

}  // namespace promptbed
