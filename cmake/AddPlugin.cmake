# promptbed_add_plugin(NAME SOURCE...): a plugin for `runner`, of promptbed's own or of anybody's.
#
#     find_package(promptbed REQUIRED)
#     promptbed_add_plugin(mine mine.cpp)
#
# builds plugins/NAME.so in the build folder, to be found with `runner ... --plugins BUILD/plugins`, and installs it where the
# installed runner looks by itself. It is optimised unless CMAKE_BUILD_TYPE says otherwise. The target NAME takes further libraries with target_link_libraries(NAME PRIVATE ...).
function(promptbed_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE promptbed::promptbed)
  set_target_properties(${name} PROPERTIES
    PREFIX ""
    SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins
    # From lib/promptbed/plugins to the library in lib; to LibTorch where it is in no folder that the loader knows.
    INSTALL_RPATH "$ORIGIN/../.."
    INSTALL_RPATH_USE_LINK_PATH ON)
  # Unless it is told a build type, CMake builds without optimisation, which makes a method many times slower.
  get_property(has_several_types GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT has_several_types AND NOT CMAKE_BUILD_TYPE)
    separate_arguments(optimised UNIX_COMMAND "${CMAKE_CXX_FLAGS_RELEASE}")
    target_compile_options(${name} PRIVATE ${optimised})
  endif()
  install(TARGETS ${name} LIBRARY DESTINATION lib/promptbed/plugins)
endfunction()
