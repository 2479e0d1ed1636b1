# The three ways in which another project takes ascribe, each configured, built and run as that project. The compiled
# library's are for the machine that it was compiled for.
set(prefix "${CMAKE_CURRENT_BINARY_DIR}/consumer/installed")
add_test(NAME consumer/install COMMAND "${CMAKE_COMMAND}" --install "${PROJECT_BINARY_DIR}" --prefix "${prefix}")
set_tests_properties(consumer/install PROPERTIES FIXTURES_SETUP ascribe_installed)

# That they build and run is checked, not how fast: the ONNX reader of headers alone takes a minute to be optimised.
foreach(consumer find_package add_subdirectory fetch_content)
  add_test(
    NAME consumer/${consumer}
    COMMAND
      "${CMAKE_CTEST_COMMAND}" --build-and-test "${CMAKE_CURRENT_SOURCE_DIR}/consumer/${consumer}"
      "${CMAKE_CURRENT_BINARY_DIR}/consumer/${consumer}" --build-generator "${CMAKE_GENERATOR}"
      --build-options "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}" "-DCMAKE_PREFIX_PATH=${prefix}"
      "-DEigen3_DIR=${Eigen3_DIR}" "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS} -O0" --test-command consumer
  )
endforeach()
set_tests_properties(consumer/find_package PROPERTIES FIXTURES_REQUIRED ascribe_installed)

# And without CMake.
find_program(ASCRIBE_PKG_CONFIG NAMES pkg-config pkgconf)
mark_as_advanced(ASCRIBE_PKG_CONFIG)
if(ASCRIBE_PKG_CONFIG AND UNIX)
  separate_arguments(options UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
  add_test(NAME consumer/pkg_config
           COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/consumer/pkg_config/build" "${ASCRIBE_PKG_CONFIG}" "${prefix}"
                   "${CMAKE_CURRENT_BINARY_DIR}/consumer/pkg_config" "${CMAKE_CXX_COMPILER}" ${options})
  set_tests_properties(consumer/pkg_config PROPERTIES FIXTURES_REQUIRED ascribe_installed)
endif()
