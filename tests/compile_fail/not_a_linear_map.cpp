#include <ascribe/functions/tanh.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/maps/dense.hpp>

#ifdef CONTROL
using Map = ascribe::map::Dense<double>;
#else
using Map = ascribe::fn::Tanh;
#endif

void run(const Map& map) { (void)ascribe::MatMul(map); }
