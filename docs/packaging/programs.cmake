# The command `ascribe`: a launcher (examples/launcher), the programs that it starts, their manual pages and bash's completion.
# Two of the programs bear names of others that systems have (coreutils' groups, libexplain's explain), so that one command is on
# the path, as with git.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(STATUS "The programs are not installed: their launcher knows where it lies on Linux alone")
  return()
endif()

set(ascribe_programs explain judge)
if(TARGET ascribe::clusters)
  list(APPEND ascribe_programs groups)
endif()
set(ascribe_programs_folder "${CMAKE_INSTALL_LIBEXECDIR}/ascribe")

# In the build's folder `programs`, as installed: bin/ascribe beside libexec/ascribe.
add_executable(ascribe_launcher examples/launcher/main.cpp)
target_link_libraries(ascribe_launcher PRIVATE ascribe_own)
target_include_directories(ascribe_launcher PRIVATE "${PROJECT_SOURCE_DIR}")
set_target_properties(
  ascribe_launcher PROPERTIES OUTPUT_NAME ascribe RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/programs/bin"
)
file(RELATIVE_PATH from_here "/x/${CMAKE_INSTALL_BINDIR}" "/x/${ascribe_programs_folder}")
target_compile_definitions(ascribe_launcher PRIVATE ASCRIBE_PROGRAMS_FROM_HERE="${from_here}")
# It starts on every processor, to say what that has not.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(ascribe_launcher PRIVATE -march=x86-64)
endif()
install(TARGETS ascribe_launcher RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tools)

if(ASCRIBE_CPU_LEVELS)
  # Each level is a build of its own, of programs, library and what both include: nothing of one can be linked into another,
  # and Eigen's alignment may differ. What was said of compiler and libraries here is said there.
  set(handed_on "")
  foreach(
    variable IN
    ITEMS CMAKE_BUILD_TYPE CMAKE_CXX_COMPILER CMAKE_CXX_COMPILER_LAUNCHER CMAKE_CXX_FLAGS_RELEASE CMAKE_EXE_LINKER_FLAGS
          CMAKE_EXE_LINKER_FLAGS_RELEASE CMAKE_PREFIX_PATH CMAKE_TOOLCHAIN_FILE Eigen3_DIR CLI11_DIR nlohmann_json_DIR ZLIB_ROOT
          ASCRIBE_PROTOZERO_INCLUDE_DIR ASCRIBE_SPECTRA_INCLUDE_DIR ASCRIBE_STB_INCLUDE_DIR ASCRIBE_CAIRO_INCLUDE_DIR
          ASCRIBE_CAIRO_LIBRARY
  )
    if(NOT "${${variable}}" STREQUAL "")
      list(APPEND handed_on "-D${variable}:STRING=${${variable}}")
    endif()
  endforeach()
  include(ExternalProject)
  set(level_before "")
  foreach(level IN LISTS ASCRIBE_CPU_LEVELS)
    set(folder "${PROJECT_BINARY_DIR}/programs/${ascribe_programs_folder}/${level}")
    # One level after the other: each takes all processors, and the memory that they need. The build looks at its sources
    # by itself each time. Packaged programs find libraries where the system has them, and not where they were built (Debian's
    # own folder of Open MPI, else).
    ExternalProject_Add(
      ascribe_${level}
      PREFIX "${PROJECT_BINARY_DIR}/levels"
      SOURCE_DIR "${PROJECT_SOURCE_DIR}"
      BINARY_DIR "${PROJECT_BINARY_DIR}/levels/${level}"
      CMAKE_CACHE_ARGS
        ${handed_on} "-DCMAKE_CXX_FLAGS:STRING=${CMAKE_CXX_FLAGS} -march=${level}"
        "-DCMAKE_RUNTIME_OUTPUT_DIRECTORY:PATH=${folder}" -DASCRIBE_BUILD_TESTS:BOOL=OFF -DASCRIBE_INSTALL:BOOL=OFF
        -DCMAKE_SKIP_RPATH:BOOL=ON
      BUILD_COMMAND "${CMAKE_COMMAND}" --build . --target ${ascribe_programs}
      BUILD_ALWAYS TRUE
      INSTALL_COMMAND ""
      USES_TERMINAL_BUILD TRUE
      DEPENDS ${level_before}
    )
    set(level_before ascribe_${level})
    list(TRANSFORM ascribe_programs PREPEND "${folder}/" OUTPUT_VARIABLE files)
    install(PROGRAMS ${files} DESTINATION "${ascribe_programs_folder}/${level}" COMPONENT tools)
  endforeach()
  # The lowest runs where the package is built.
  list(GET ASCRIBE_CPU_LEVELS 0 lowest)
  set(run_from "${PROJECT_BINARY_DIR}/programs/${ascribe_programs_folder}/${lowest}")
  set(run_behind ${level_before})
else()
  install(TARGETS ${ascribe_programs} RUNTIME DESTINATION "${ascribe_programs_folder}" COMPONENT tools)
  set(run_from "${PROJECT_BINARY_DIR}/programs/${ascribe_programs_folder}")
  set(run_behind ${ascribe_programs})
  foreach(program IN LISTS ascribe_programs)
    add_custom_command(
      TARGET ascribe_launcher POST_BUILD
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${run_from}"
      COMMAND "${CMAKE_COMMAND}" -E create_symlink "$<TARGET_FILE:${program}>" "${run_from}/${program}"
      VERBATIM
    )
  endforeach()
endif()

# Manual pages say what --help says, which is written once, beside the options.
find_program(ASCRIBE_HELP2MAN help2man)
find_program(ASCRIBE_GZIP gzip)
mark_as_advanced(ASCRIBE_HELP2MAN ASCRIBE_GZIP)
if(NOT ASCRIBE_HELP2MAN OR NOT ASCRIBE_GZIP OR CMAKE_CROSSCOMPILING)
  message(STATUS "Manual pages are left out: they need help2man (Debian: help2man), and programs that run here")
else()
  set(pages "")
  function(ascribe_manual_page name program depends)
    set(page "${PROJECT_BINARY_DIR}/programs/man/${name}.1")
    set(more "${PROJECT_SOURCE_DIR}/docs/packaging/man/${name}.h2m")
    set(here "${PROJECT_SOURCE_DIR}/docs/packaging/manual_page.cmake")
    add_custom_command(
      OUTPUT "${page}.gz"
      COMMAND
        "${CMAKE_COMMAND}" "-DHELP2MAN=${ASCRIBE_HELP2MAN}" "-DGZIP=${ASCRIBE_GZIP}" "-DPROGRAM=${program}" "-DMORE=${more}"
        "-DPAGE=${page}" "-DVERSION=${PROJECT_VERSION}" "-DRELEASED=${released}" -P "${here}"
      DEPENDS ${depends} "${more}" "${here}"
      COMMENT "Manual page of ${name}"
      VERBATIM
    )
    set(pages ${pages} "${page}.gz" PARENT_SCOPE)
  endfunction()
  ascribe_manual_page(ascribe "$<TARGET_FILE:ascribe_launcher>" "ascribe_launcher;${run_behind}")
  foreach(program IN LISTS ascribe_programs)
    ascribe_manual_page(ascribe-${program} "${run_from}/${program}" "${run_behind}")
  endforeach()
  add_custom_target(ascribe_manual ALL DEPENDS ${pages})
  install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT tools)
endif()

install(FILES docs/packaging/completion.bash DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
        RENAME ascribe COMPONENT tools)
