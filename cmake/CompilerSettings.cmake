# What every target of the project is compiled with.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The sloppiness that lets ccache work beside a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()

add_library(promptbed_settings INTERFACE)
target_compile_options(promptbed_settings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-unused-parameter)
# Part of clang's -Wconversion, not of g++'s.
target_compile_options(promptbed_settings INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)
if(PROMPTBED_WARNINGS_ARE_ERRORS)
  target_compile_options(promptbed_settings INTERFACE -Werror)
endif()
if(PROMPTBED_COVERAGE)
  target_compile_options(promptbed_settings INTERFACE --coverage)
  target_link_options(promptbed_settings INTERFACE --coverage)
endif()
if(PROMPTBED_FUZZ)
  target_compile_options(promptbed_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(PROMPTBED_SANITIZE)
  target_compile_options(promptbed_settings INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_compile_definitions(promptbed_settings INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(promptbed_settings INTERFACE -fsanitize=address,undefined)
endif()
