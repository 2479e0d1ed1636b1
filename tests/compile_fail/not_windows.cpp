#include <vector>

#include <ascribe/layers/max.hpp>
#include <ascribe/windows/groups.hpp>

#ifdef CONTROL
using Windows = ascribe::window::Groups<>;
#else
using Windows = std::vector<int>;
#endif

void run(const Windows& windows) { (void)ascribe::Max(windows); }
