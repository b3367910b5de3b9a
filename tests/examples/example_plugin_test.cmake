# Installs promptbed, moves the installation, builds examples/plugin from there out of tree, and compares it with zero-shot CLIP
# by the installed runner. In: BUILD, SOURCE, WORK, GENERATOR, COMPILER, LAUNCHER.
cmake_minimum_required(VERSION 3.20)

# run(CODE WORD...): runs a command in WORK; its output is left in `out` and `err`.
function(run code)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${WORK}
    RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT result STREQUAL code)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${result} and not ${code}\n${out}\n${err}")
  endif()
  set(out "${out}" PARENT_SCOPE)
  set(err "${err}" PARENT_SCOPE)
endfunction()

# expect(TEXT PART...): every part stands in the text.
function(expect text)
  foreach(part ${ARGN})
    string(FIND "${text}" "${part}" place)
    if(place EQUAL -1)
      message(FATAL_ERROR "expected: ${part}\nin: ${text}")
    endif()
  endforeach()
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
unset(ENV{PROMPTBED_PLUGINS})
unset(ENV{PROMPTBED_DATASETS})

run(0 ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed)
file(RENAME ${WORK}/installed ${WORK}/moved)
set(runner ${WORK}/moved/bin/runner)
foreach(binary bin/runner bin/runner-tensors lib/libpromptbed.so lib/promptbed/plugins/coop.so)
  file(STRINGS ${WORK}/moved/${binary} paths REGEX "${BUILD}|${SOURCE}/(datasets|plugins)")
  if(paths)
    message(FATAL_ERROR "${binary} knows where it was built: ${paths}")
  endif()
endforeach()

file(COPY ${WORK}/moved/share/promptbed/examples/plugin DESTINATION ${WORK})
run(0 ${CMAKE_COMMAND} -S plugin -B build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${WORK}/moved
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
file(READ ${WORK}/build/compile_commands.json commands)
expect("${commands}" " -O3 ")  # as documented, without a build type
run(0 ${CMAKE_COMMAND} --build build)

run(0 ${runner} methods check build/plugins/feature_scale.so)
expect("${out}" " rules kept, 0 broken")

run(0 ${runner} methods check build/plugins/both_towers.so)
expect("${out}" " rules kept, 0 broken")
run(0 ${runner} sweep --methods both_towers --datasets devices --shots 1 --seeds 1 --epochs 1 --jobs 1 --plugins build/plugins
  --db towers/promptbed.db)
expect("${out}" "1 run: 1 done now")

# Found in each of the three places; the numbers are made once.
set(sweep ${runner} sweep --methods clip_zeroshot,feature_scale --datasets devices --shots 4 --seeds 1 --epochs 3 --jobs 1)
run(2 ${sweep})
expect("${err}" "no method feature_scale; known: ape, atprompt, clap, clip_adapter")
run(0 ${sweep} --plugins build/plugins)
expect("${out}" "2 runs: 2 done now")
run(0 ${CMAKE_COMMAND} -E env PROMPTBED_PLUGINS=${WORK}/build/plugins ${sweep})
expect("${out}" "2 runs: 2 done before")
run(0 ${CMAKE_COMMAND} --install build --prefix ${WORK}/moved)
run(0 ${runner} methods feature_scale)
expect("${out}" "moved/lib/promptbed/plugins/feature_scale.so" "pull" "50 epochs in batches of 32")
run(0 ${sweep})
expect("${out}" "2 runs: 2 done before")

run(0 ${runner} report --table base-new --shots 4)
expect("${out}" "feature_scale" "clip_zeroshot" "devices")
