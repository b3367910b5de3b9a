// Owns the precompiled header that the core, the runner and the plugins share.
