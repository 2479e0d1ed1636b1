/// The umbrella of training with relevance in the loss; it needs Eigen alone.
#pragma once

#include <ascribe/train/checkpoint.hpp>
#include <ascribe/train/loss.hpp>
#include <ascribe/train/optimiser.hpp>
#include <ascribe/train/relevance_loss.hpp>
#include <ascribe/train/trainer.hpp>
