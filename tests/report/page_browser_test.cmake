# Runs page_browser_test.py if a browser is installed. Without one the test is skipped, which "skipped:" tells ctest,
# unless PROMPTBED_NO_SKIPS is set, as it is in continuous integration. In: RUNNER, SCRIPT, WORK.
foreach(program python3 chromium chromedriver)
  find_program(found_${program} ${program})
  if(NOT found_${program} AND NOT "$ENV{PROMPTBED_NO_SKIPS}" STREQUAL "")
    message(FATAL_ERROR "${program} is not installed, and PROMPTBED_NO_SKIPS is set; run scripts/deps.sh --tests")
  elseif(NOT found_${program})
    message("skipped: ${program} is not installed; scripts/deps.sh --tests installs it")
    return()
  endif()
endforeach()
execute_process(COMMAND ${found_python3} -B ${SCRIPT} ${RUNNER} ${WORK} COMMAND_ERROR_IS_FATAL ANY)
