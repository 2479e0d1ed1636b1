/// What networks look at, before and after.
#pragma once

#include "ascribe/heatmap.hpp"
#include "examples/shortcut/experiment.hpp"

namespace shortcut {

/// The protocol's losses for pictures, side by side: gradient × input of the label's output for the first
/// test images that the plain network answers wrongly, and what each network says of the image, and once the
/// shortcut is redrawn. Trains these networks with the first of the runs' factors and seeds. Throws
/// ascribe::Error as Experiment::train.
ascribe::Picture picture(const Experiment& experiment, const Protocol& protocol,
                         const std::vector<Run>& runs);

}  // namespace shortcut
