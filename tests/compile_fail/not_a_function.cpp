#include <ascribe/functions/tanh.hpp>
#include <ascribe/layers/elementwise.hpp>

#ifdef CONTROL
using Function = ascribe::fn::Tanh;
#else
using Function = double (*)(double);
#endif

void run(const Function& function) { (void)ascribe::Elementwise(function); }
