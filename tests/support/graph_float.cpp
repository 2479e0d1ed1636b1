#define ASCRIBE_TEST_DEFINES_GRAPH
#include "tests/support/graph.hpp"

ASCRIBE_TEST_GRAPH(template, float)
