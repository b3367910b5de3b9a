# What every target of the project is compiled with.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The sloppiness that lets ccache work beside a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  add_compile_options(-fpch-preprocess)
endif()

add_library(promptbed_settings INTERFACE)
target_compile_options(promptbed_settings INTERFACE -Wall -Wextra -Wno-unused-parameter)
if(PROMPTBED_SANITIZE)
  target_compile_options(promptbed_settings INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer)
  target_link_options(promptbed_settings INTERFACE -fsanitize=address,undefined)
endif()

# promptbed_tensor_free_sources(TARGET SOURCE...): target_sources for files that include no header of LibTorch. They do without
# the precompiled header: in every file that has it, g++ instantiates LibTorch's inline functions for 4 CPU seconds.
function(promptbed_tensor_free_sources target)
  target_sources(${target} PRIVATE ${ARGN})
  set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
