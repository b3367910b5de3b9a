# What `cmake --install BUILD --prefix PREFIX` lays down; PREFIX may be moved as a whole afterwards.
#
#     bin/runner                    finds all below from where it stands itself
#     bin/runner-tensors            what it becomes for subcommands that need LibTorch
#     lib/libpromptbed.so
#     lib/libpromptbed_cuda.so      beside a PyTorch for GPUs
#     lib/promptbed/plugins/        plugins: promptbed_add_plugin() installs them
#     lib/cmake/promptbed/          find_package(promptbed)
#     include/promptbed/            what a plugin may include
#     share/promptbed/datasets/     the suites, what is embedded with them and papers' figures included
#     share/promptbed/examples/     a plugin to begin with
#     share/promptbed/plugins/      the sources of the shipped methods, which the docs show
#     share/doc/promptbed/          README.md, docs/ and what they link to
#     share/man/man1/runner.1 and, for bash, zsh and fish, completion where they look for it
include(CMakePackageConfigHelpers)

set_target_properties(runner-tensors PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
set_target_properties(runner PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
set_target_properties(promptbed runner-tensors PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
if(PROMPTBED_BUNDLE)
  # Unlike the newer kind of path, this one also holds for the libraries of libraries.
  set_target_properties(promptbed runner runner-tensors PROPERTIES INSTALL_RPATH_USE_LINK_PATH OFF LINK_OPTIONS "LINKER:--disable-new-dtags")
  if(PROMPTBED_BUILD_TESTS)
    # For scripts/gpu_check.sh on a machine that can build nothing.
    set_target_properties(tensors_tests promptbed_bench PROPERTIES INSTALL_RPATH "$ORIGIN/../lib" LINK_OPTIONS "LINKER:--disable-new-dtags")
    install(TARGETS tensors_tests promptbed_bench RUNTIME DESTINATION bin COMPONENT tests EXCLUDE_FROM_ALL)
  endif()
endif()
install(TARGETS runner runner-tensors RUNTIME DESTINATION bin)
install(TARGETS promptbed EXPORT promptbedTargets LIBRARY DESTINATION lib)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/promptbed DESTINATION include)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/datasets ${PROJECT_SOURCE_DIR}/examples DESTINATION share/promptbed)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/plugins DESTINATION share/promptbed FILES_MATCHING PATTERN "*.cpp" PATTERN "*.h")

# The docs link to each other, to data, headers and sources: links that lead out of their folder find them by these symbolic ones.
set(doc_folder share/doc/promptbed)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md
  ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CITATION.cff DESTINATION ${doc_folder})
install(FILES ${PROJECT_SOURCE_DIR}/tools/pocket/README.md DESTINATION ${doc_folder}/tools/pocket)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${doc_folder} PATTERN Doxyfile EXCLUDE)
install(CODE "
  set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${doc_folder}\")
  file(MAKE_DIRECTORY \"\${folder}/core/include\")
  foreach(part datasets examples plugins)
    file(CREATE_LINK ../../promptbed/\${part} \"\${folder}/\${part}\" SYMBOLIC)
  endforeach()
  file(CREATE_LINK ../../../../../include/promptbed \"\${folder}/core/include/promptbed\" SYMBOLIC)")

# What shells and man look for, made by the program of its own tables of options.
set(described man:share/man/man1:runner.1 bash:share/bash-completion/completions:runner zsh:share/zsh/site-functions:_runner
  fish:share/fish/vendor_completions.d:runner.fish)
foreach(entry ${described})
  string(REPLACE ":" ";" parts ${entry})
  list(GET parts 0 kind)
  list(GET parts 1 folder)
  list(GET parts 2 name)
  set(file ${PROJECT_BINARY_DIR}/${folder}/${name})
  add_custom_command(OUTPUT ${file}
    COMMAND runner completion ${kind} --output ${file}
    DEPENDS runner runner-tensors VERBATIM)
  list(APPEND described_files ${file})
  install(FILES ${file} DESTINATION ${folder})
endforeach()
# Below /usr, Debian's zsh looks here.
install(FILES ${PROJECT_BINARY_DIR}/share/zsh/site-functions/_runner DESTINATION share/zsh/vendor-completions)
add_custom_target(promptbed_described ALL DEPENDS ${described_files})

set(package_folder lib/cmake/promptbed)
install(EXPORT promptbedTargets NAMESPACE promptbed:: DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/promptbedConfig.cmake.in ${PROJECT_BINARY_DIR}/promptbedConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/promptbedConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/promptbedConfig.cmake ${PROJECT_BINARY_DIR}/promptbedConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/AddPlugin.cmake ${CMAKE_CURRENT_LIST_DIR}/PyTorch.cmake DESTINATION ${package_folder})
