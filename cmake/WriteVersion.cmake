# Writes version.cpp for the commit at hand; runs with every build and touches the file only where something changed.
# In: SOURCE_DIR, OUTPUT, PROMPTBED_RELEASE.
execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --short=12 HEAD
  OUTPUT_VARIABLE PROMPTBED_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE no_repository)
set(PROMPTBED_DIRTY false)
if(no_repository)
  set(PROMPTBED_COMMIT ${PROMPTBED_RELEASE})
else()
  execute_process(COMMAND git -C ${SOURCE_DIR} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes)
  if(changes)
    set(PROMPTBED_DIRTY true)
  endif()
endif()
configure_file(${SOURCE_DIR}/core/base/version.cpp.in ${OUTPUT} @ONLY)
