package org.erat.dl4j;

import java.util.List;
import org.erat.compute.AdamW;
import org.erat.compute.Kernels;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout.Counts;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What an updater asks of its layer beside the gradient. */
interface UpdatedLayer {
    LearnerSpec spec();

    /** What the layer computes with. */
    Kernels kernels();

    /** The layer's parameters, one after the other. */
    INDArray params();

    /** The ranges of the layer's parameters that the current step updates. */
    List<AdamW.Segment> segments(Counts counts);
}
