# Completion of the command `ascribe` for bash. Programs and options are asked of the command itself, so that they are those that
# are installed; a machine asks once a shell and program.
declare -A _ascribe_options

_ascribe_choose() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

# The options of a program, or of the command where there is none: what its help lists.
_ascribe_options_of() {
  local key=${1:-.}
  if [ -z "${_ascribe_options[$key]+set}" ]; then
    _ascribe_options[$key]=$(ascribe ${1:+"$1"} --help 2>/dev/null | grep -oE '^  (-h,)?--[a-z0-9-]+' | sed 's/^  \(-h,\)\{0,1\}//')
  fi
  _ascribe_choose "${_ascribe_options[$key]}"
}

_ascribe_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

_ascribe() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at=1 program
  COMPREPLY=()
  [ "${COMP_WORDS[1]}" = --level ] && at=3
  if [ "$COMP_CWORD" -eq "$at" ]; then
    case $current in
      -*) _ascribe_options_of "" ;;
      *) _ascribe_choose "$(ascribe --list-programs 2>/dev/null)" ;;
    esac
    return
  fi
  if [ "$COMP_CWORD" -lt "$at" ]; then
    _ascribe_choose "$(ascribe --list-levels 2>/dev/null | grep -v ' ')"
    return
  fi
  program=${COMP_WORDS[at]}
  case $current,$before in
    -*) _ascribe_options_of "$program" ;;
    *,--method | *,--methods) _ascribe_choose "$(ascribe explain --list-methods 2>/dev/null | awk '/^[a-z][a-z0-9_]* /{print $1}')" ;;
    *) _ascribe_files ;;
  esac
}
complete -F _ascribe ascribe
