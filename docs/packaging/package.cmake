# Packages: `cpack` makes a .tar.gz of all that is installed, and where dpkg is two Debian packages of it, libascribe-dev for who
# compiles with the library, ascribe-tools for who runs its programs: the first needs Eigen and no cairo, the second the other
# way round. Preset `package` builds what goes in.
set(CPACK_PACKAGE_NAME ascribe)
set(CPACK_PACKAGE_VENDOR "The ascribe authors")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_GENERATOR TGZ)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)

find_program(ASCRIBE_DPKG dpkg-deb)
mark_as_advanced(ASCRIBE_DPKG)
if(ASCRIBE_DPKG)
  include(docs/packaging/debian.cmake)
endif()
include(CPack)
