# What Debian wants of a package beside its content (Debian Policy, chapters 4, 5 and 12).
find_program(ASCRIBE_GZIP gzip REQUIRED)
list(APPEND CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL development)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)

set(maintainer "The ascribe authors <authors@ascribe.example>")
if(NOT "$ENV{DEBEMAIL}" STREQUAL "")
  set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(ASCRIBE_PACKAGE_MAINTAINER "${maintainer}" CACHE STRING "Name <address> of who answers for the Debian packages")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${ASCRIBE_PACKAGE_MAINTAINER}")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libascribe-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libeigen3-dev (>= 3.4)")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "libprotozero-dev, libspectra-dev, pkg-config")
# The project's own description is the first line of both.
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "ascribe gives every input of a neural network, and every bias, its share of
one output: gradients, deconvolution, LRP, DeepLIFT and rules of your own,
with books that close to rounding error. It is included next to the
inference code of a device: no Python, no training framework.

This package has the headers, the compiled library for graphs and ONNX files,
and files for CMake and pkg-config."
)

if(TARGET ascribe_launcher)
  list(APPEND CPACK_COMPONENTS_ALL tools)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME ascribe-tools)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
  set(CPACK_COMPONENT_TOOLS_DESCRIPTION
      "The command ascribe reads a network from an ONNX file. It says which parts
of a picture, text or array speak for an output, how much the biases do and
what is left open, as tables, pictures, numbers and pages; judges which
method to believe on data of one's own; and finds inputs of a class that the
network recognises in a way of their own."
  )
endif()

# In a package's own folder under share/doc, and in no other installation.
set(folder "${PROJECT_BINARY_DIR}/debian")
execute_process(COMMAND date -u -R -d "${released}" OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
# The texts of licenses as a paragraph of `copyright`: a space before each line, a dot in empty ones.
foreach(license IN ITEMS license font_license)
  set(file LICENSE)
  if(license STREQUAL "font_license")
    set(file examples/support/font/LICENSE)
  endif()
  file(READ "${file}" text)
  string(REGEX REPLACE "[ \t]+\n" "\n" text "${text}")
  string(REGEX REPLACE "(^|\n)([^\n])" "\\1 \\2" text "${text}")
  string(REGEX REPLACE "\n\n+" "\n .\n" text "${text}")
  set(${license} "${text}")
endforeach()
configure_file(docs/packaging/copyright.in "${folder}/copyright" @ONLY)
configure_file(docs/packaging/changelog.Debian.in "${folder}/changelog.Debian" @ONLY)
configure_file(CHANGELOG.md "${folder}/changelog" COPYONLY)
# Without names and times in them, the same bytes each time.
execute_process(
  COMMAND "${ASCRIBE_GZIP}" -9nf changelog.Debian changelog WORKING_DIRECTORY "${folder}" COMMAND_ERROR_IS_FATAL ANY
)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER "${component}" name)
  set(package "${CPACK_DEBIAN_${name}_PACKAGE_NAME}")
  configure_file(docs/packaging/lintian-overrides.in "${folder}/${package}" @ONLY)
  set(documents "${CMAKE_INSTALL_DATADIR}/doc/${package}")
  install(FILES "${folder}/changelog.Debian.gz" "${folder}/changelog.gz" "${folder}/copyright"
          DESTINATION "${documents}" COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES "${folder}/${package}" DESTINATION "${CMAKE_INSTALL_DATADIR}/lintian/overrides"
          COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
