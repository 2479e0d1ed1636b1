# For builds that know no CMake: ascribe.pc for the headers, ascribe-compiled.pc for the compiled library beside them. Paths
# in them start from where they lie, so that an unpacked archive works anywhere.
function(ascribe_pkg_config name folder)
  set(destination "${folder}/pkgconfig")
  file(RELATIVE_PATH prefix "/x/${destination}" "/x")
  string(REGEX REPLACE "/$" "" prefix "${prefix}")
  configure_file("${PROJECT_SOURCE_DIR}/docs/packaging/${name}.pc.in" "${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc" DESTINATION "${destination}")
endfunction()

ascribe_pkg_config(ascribe "${CMAKE_INSTALL_DATADIR}")
if(TARGET ascribe_compiled)
  # A program with other vector units than the library's does not link (include/ascribe/compiled.hpp), so it is told.
  separate_arguments(machine UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
  list(FILTER machine INCLUDE REGEX "^-m")
  list(TRANSFORM machine PREPEND " ")
  list(JOIN machine "" machine)
  set(threads "")
  if(TARGET OpenMP::OpenMP_CXX)
    set(threads " ${OpenMP_CXX_FLAGS}")
  endif()
  ascribe_pkg_config(ascribe-compiled "${CMAKE_INSTALL_LIBDIR}")
endif()
