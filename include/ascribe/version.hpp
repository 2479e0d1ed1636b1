/// The one place where the version stands; CMake reads it from here.
#pragma once

#define ASCRIBE_VERSION_MAJOR 0
#define ASCRIBE_VERSION_MINOR 2
#define ASCRIBE_VERSION_PATCH 0
