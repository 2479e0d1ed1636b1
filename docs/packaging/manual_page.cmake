# A manual page of what PROGRAM --help says and of MORE, compressed: cmake -DHELP2MAN= -DGZIP= -DPROGRAM= -DMORE= -DVERSION= -DRELEASED=<date>
# -DPAGE=<name>.1 -P manual_page.cmake writes <name>.1.gz.
get_filename_component(name "${PAGE}" NAME_WE)
get_filename_component(folder "${PAGE}" DIRECTORY)
file(MAKE_DIRECTORY "${folder}")
execute_process(COMMAND "${PROGRAM}" --help OUTPUT_VARIABLE help COMMAND_ERROR_IS_FATAL ANY)

# CLI11's help in the form that help2man reads (GNU's): the usage first, options with a blank before the second name, and what
# an option takes behind = or a blank.
string(REGEX REPLACE "^(.*\n)(Usage: [^\n]*\n(  or: [^\n]*\n)*)" "\\2\n\\1" help "${help}")
if(name MATCHES "^ascribe-(.*)$")
  # A program knows itself by its own name; readers start it by the command.
  string(REGEX REPLACE "(: )(${CMAKE_MATCH_1} (\\[OPTIONS|MODEL))" "\\1ascribe \\2" help "${help}")
endif()
string(REPLACE "-h,--help" "-h, --help" help "${help}")
file(WRITE "${folder}/${name}.help" "${help}")

# help2man runs a program; this one says what was said.
set(says "${folder}/${name}.says")
file(WRITE "${says}" "#!/bin/sh\ncat '${folder}/${name}.help'\n")
file(CHMOD "${says}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
execute_process(
  COMMAND "${HELP2MAN}" --no-info --no-discard-stderr --locale=C.UTF-8 "--version-string=ascribe ${VERSION}" --section=1
          "--include=${MORE}" "--output=${PAGE}" "${says}"
  COMMAND_ERROR_IS_FATAL ANY
)
# The date of the version, and not of the build.
file(READ "${PAGE}" page)
string(REGEX REPLACE "(\n\\.TH [^ ]+ \"1\" )\"[^\"]*\"" "\\1\"${RELEASED}\"" page "${page}")
file(WRITE "${PAGE}" "${page}")
execute_process(COMMAND "${GZIP}" -9nf "${PAGE}" COMMAND_ERROR_IS_FATAL ANY)
