# What `cmake --install BUILD --prefix PREFIX` lays down; PREFIX may be moved as a whole afterwards.
#
#     bin/runner                    finds all below from where it stands itself
#     bin/runner-tensors            what it becomes for subcommands that need LibTorch
#     lib/libpromptbed.so
#     lib/promptbed/plugins/        plugins: promptbed_add_plugin() installs them
#     lib/cmake/promptbed/          find_package(promptbed)
#     include/promptbed/            what a plugin may include
#     share/promptbed/datasets/     the suites, what is embedded with them and papers' figures included
#     share/promptbed/examples/     a plugin to begin with
#     share/doc/promptbed/
include(CMakePackageConfigHelpers)

set_target_properties(runner-tensors PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
set_target_properties(promptbed runner-tensors PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS runner runner-tensors RUNTIME DESTINATION bin)
install(TARGETS promptbed EXPORT promptbedTargets LIBRARY DESTINATION lib)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/promptbed DESTINATION include)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/datasets ${PROJECT_SOURCE_DIR}/examples DESTINATION share/promptbed)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/docs/plugins.md ${PROJECT_SOURCE_DIR}/docs/methods.md
  ${PROJECT_SOURCE_DIR}/docs/reports.md
  DESTINATION share/doc/promptbed)

set(package_folder lib/cmake/promptbed)
install(EXPORT promptbedTargets NAMESPACE promptbed:: DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/promptbedConfig.cmake.in ${PROJECT_BINARY_DIR}/promptbedConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/promptbedConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/promptbedConfig.cmake ${PROJECT_BINARY_DIR}/promptbedConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/AddPlugin.cmake DESTINATION ${package_folder})
