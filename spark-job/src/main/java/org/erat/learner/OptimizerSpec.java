package org.erat.learner;

import java.io.Serializable;
import org.erat.compute.AdamW;
import org.erat.config.TrainingSettings;
import org.erat.config.TrainingSettings.Optimizer;

/**
 * What updates the parameters.
 *
 * @param kind row-lazy AdamW, dense AdamW or plain gradient descent
 * @param rule of AdamW
 * @param weightDecay decoupled, of AdamW; 0 or more
 * @param clipNorm largest L2 norm of the gradient; 0 for no clipping
 */
public record OptimizerSpec(Optimizer kind, AdamW rule, double weightDecay, double clipNorm) implements Serializable {
    public static OptimizerSpec of(TrainingSettings training) {
        return new OptimizerSpec(
                training.optimizer(),
                new AdamW(training.beta1(), training.beta2(), training.epsilon()),
                training.weightDecay(),
                training.clipNorm());
    }

    /** Whether it keeps moments. */
    public boolean hasState() {
        return kind != Optimizer.SGD;
    }

    /** Whether rows that did not learn in a step are updated too, because their moments are. */
    public boolean updatesAllRows() {
        return kind == Optimizer.ADAMW_DENSE;
    }
}
