// Owns a precompiled header: core/CMakeLists.txt makes two targets of it, one for each side of LibTorch.
