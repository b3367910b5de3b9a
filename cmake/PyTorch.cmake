# The LibTorch inside a PyTorch that pip has installed, in PROMPTBED_PYTORCH:
#
#     cmake -S . -B build -DPROMPTBED_PYTORCH=$(python3 -c 'import torch; print(torch.__path__[0])')
#
# PyTorch's own CMake package wants CUDA's compiler and libraries beside a PyTorch for GPUs, even where nothing is compiled with them.
# Sets what that sets: TORCH_INCLUDE_DIRS, TORCH_LIBRARIES and Torch_VERSION.
get_filename_component(PROMPTBED_PYTORCH "${PROMPTBED_PYTORCH}" ABSOLUTE)
set(Torch_VERSION "")
if(EXISTS ${PROMPTBED_PYTORCH}/version.py)
  file(STRINGS ${PROMPTBED_PYTORCH}/version.py Torch_VERSION REGEX "^__version__ = ")
endif()
string(REGEX REPLACE ".*'([0-9.]+).*" "\\1" Torch_VERSION "${Torch_VERSION}")
if(NOT Torch_VERSION)
  message(FATAL_ERROR "PROMPTBED_PYTORCH: ${PROMPTBED_PYTORCH}/version.py tells no version; "
    "give the folder that python3 -c 'import torch; print(torch.__path__[0])' prints")
endif()
if(Torch_VERSION VERSION_LESS 2.7)
  message(FATAL_ERROR "PROMPTBED_PYTORCH: PyTorch ${Torch_VERSION} was built with g++'s old ABI, which nothing else here has; install 2.7 or later")
endif()

set(TORCH_INCLUDE_DIRS ${PROMPTBED_PYTORCH}/include ${PROMPTBED_PYTORCH}/include/torch/csrc/api/include)
set(TORCH_LIBRARIES "")
foreach(library torch torch_cpu c10) # the first one brings what there is for GPUs
  if(NOT TARGET pytorch_${library})
    add_library(pytorch_${library} SHARED IMPORTED)
    set_target_properties(pytorch_${library} PROPERTIES
      IMPORTED_LOCATION ${PROMPTBED_PYTORCH}/lib/lib${library}.so
      INTERFACE_INCLUDE_DIRECTORIES "${TORCH_INCLUDE_DIRS}")
  endif()
  list(APPEND TORCH_LIBRARIES pytorch_${library})
endforeach()
# Nobody calls a function of the first library, and the linkers of some distributions leave such ones out. What these libraries need
# of CUDA is their own affair, which only executables are asked for.
set_target_properties(pytorch_torch PROPERTIES INTERFACE_LINK_OPTIONS
  "LINKER:--no-as-needed;$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:LINKER:--unresolved-symbols=ignore-in-shared-libs>")
# Its headers bring their own fmt, which whatever sees them uses, without a library to link.
set_target_properties(pytorch_torch PROPERTIES INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY)
