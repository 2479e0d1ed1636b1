#include <ascribe/version.hpp>

#include <Eigen/Core>

int main() { return Eigen::Vector2i(ASCRIBE_VERSION_MAJOR, ASCRIBE_VERSION_MINOR).sum() > 0 ? 0 : 1; }
