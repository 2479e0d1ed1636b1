/// Whether this program has the library compiled (CMake target ascribe::compiled) or as headers alone.
///
/// ASCRIBE_COMPILED    the program is linked with what is compiled: large functions are declared only, templates
///                     for float and double are not instantiated again
/// ASCRIBE_INLINE      before a function that is no template and may be compiled
/// ASCRIBE_DEFINES     whether such a function is defined here: in every program of headers alone, and in
///                     the library's own sources (ASCRIBE_COMPILED_SOURCE)
#pragma once

#ifdef ASCRIBE_COMPILED
#define ASCRIBE_INLINE
#else
#define ASCRIBE_INLINE inline
#endif

#if !defined(ASCRIBE_COMPILED) || defined(ASCRIBE_COMPILED_SOURCE)
#define ASCRIBE_DEFINES
#endif
