/// The umbrella: everything that needs Eigen alone.
#pragma once

#include <ascribe/version.hpp>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/finish.hpp>
#include <ascribe/core/format.hpp>
#include <ascribe/core/image_layout.hpp>
#include <ascribe/core/ledger.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/core/prefetch.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/stabiliser.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>

#include <ascribe/kernels/dense_product.hpp>
#include <ascribe/kernels/depthwise.hpp>
#include <ascribe/kernels/image_grid.hpp>
#include <ascribe/kernels/image_product.hpp>
#include <ascribe/kernels/lanes.hpp>
#include <ascribe/kernels/panels.hpp>
#include <ascribe/kernels/weight_gradient.hpp>
#include <ascribe/kernels/winograd.hpp>

#include <ascribe/maps/affine.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/linear_map.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/maps/sparse.hpp>
#include <ascribe/maps/sum.hpp>

#include <ascribe/functions/abs.hpp>
#include <ascribe/functions/any_function.hpp>
#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/elu.hpp>
#include <ascribe/functions/function.hpp>
#include <ascribe/functions/gelu.hpp>
#include <ascribe/functions/hard_sigmoid.hpp>
#include <ascribe/functions/hard_swish.hpp>
#include <ascribe/functions/identity.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/mish.hpp>
#include <ascribe/functions/promises.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/scale.hpp>
#include <ascribe/functions/selu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/silu.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/softsign.hpp>
#include <ascribe/functions/tanh.hpp>

#include <ascribe/windows/any_windows.hpp>
#include <ascribe/windows/constants.hpp>
#include <ascribe/windows/groups.hpp>
#include <ascribe/windows/pool.hpp>
#include <ascribe/windows/table.hpp>
#include <ascribe/windows/windows.hpp>

#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/layers/product.hpp>
#include <ascribe/layers/rule.hpp>

#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/alpha_beta.hpp>
#include <ascribe/rules/any_rule.hpp>
#include <ascribe/rules/baseline.hpp>
#include <ascribe/rules/flat.hpp>
#include <ascribe/rules/function_adjoint.hpp>
#include <ascribe/rules/function_step.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/matrix_adjoint.hpp>
#include <ascribe/rules/matrix_step.hpp>
#include <ascribe/rules/normalized.hpp>
#include <ascribe/rules/product.hpp>
#include <ascribe/rules/product_adjoint.hpp>
#include <ascribe/rules/product_step.hpp>
#include <ascribe/rules/radial.hpp>
#include <ascribe/rules/repeat.hpp>
#include <ascribe/rules/rewire.hpp>
#include <ascribe/rules/shares.hpp>
#include <ascribe/rules/slope.hpp>
#include <ascribe/rules/step_adjoint.hpp>
#include <ascribe/rules/step_back.hpp>
#include <ascribe/rules/w_square.hpp>
#include <ascribe/rules/window_adjoint.hpp>
#include <ascribe/rules/window_step.hpp>
#include <ascribe/rules/z_box.hpp>
#include <ascribe/rules/z_plus.hpp>

#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/by_name.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/methods/method.hpp>

#include <ascribe/networks/baselines.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/networks/derivative.hpp>
#include <ascribe/networks/explanation.hpp>
#include <ascribe/networks/explicit_biases.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/networks/memory_need.hpp>
#include <ascribe/networks/node.hpp>
#include <ascribe/networks/passes.hpp>
#include <ascribe/networks/schedule.hpp>
#include <ascribe/networks/sequential.hpp>

#include <ascribe/heatmap.hpp>
