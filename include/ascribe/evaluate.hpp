/// The umbrella of what judges explanations; it needs Eigen alone, so that `evaluate/clusters.hpp`, which needs
/// Spectra, is not in it.
#pragma once

#include <ascribe/evaluate/book_shares.hpp>
#include <ascribe/evaluate/bootstrap.hpp>
#include <ascribe/evaluate/class_erasing.hpp>
#include <ascribe/evaluate/clustering.hpp>
#include <ascribe/evaluate/common_region.hpp>
#include <ascribe/evaluate/complexity.hpp>
#include <ascribe/evaluate/infidelity.hpp>
#include <ascribe/evaluate/input_invariance.hpp>
#include <ascribe/evaluate/noise.hpp>
#include <ascribe/evaluate/perturbation.hpp>
#include <ascribe/evaluate/random.hpp>
#include <ascribe/evaluate/randomisation.hpp>
#include <ascribe/evaluate/sensitivity.hpp>
#include <ascribe/evaluate/similarity.hpp>
