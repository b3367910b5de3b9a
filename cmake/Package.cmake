# `cpack --config BUILD/CPackConfig.cmake` makes a Debian package of what is installed, with the libraries that it needs as its
# dependencies.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME promptbed)
set(CPACK_PACKAGE_VENDOR promptbed)
set(CPACK_PACKAGE_CONTACT "the authors of promptbed <promptbed@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "Trains and compares methods of prompt learning for CLIP over datasets, shots and\n seeds, and reports the results as tables, plots and a web page.")
# The default BLAS makes LibTorch 30 times slower; plots need gnuplot; methods of one's own are built against the headers.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libopenblas0-openmp")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gnuplot-nox")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake, g++, make, libtorch-dev, libfmt-dev")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR})
include(CPack)
