package org.erat.head;

import java.util.function.Function;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;

/**
 * Gradients of a loss plus the distance from a teacher's outputs. With p the softmax of logits, the gradient of the cross
 * entropy is p − y and that of KL(q ‖ p) is p − q = (p − y) − (q − y): the difference of the loss's own gradients at the
 * learner's and at the teacher's outputs. So is that of (o − q)², and label smoothing cancels too. The sum is twice the one
 * less the other.
 */
final class Distillation {
    private Distillation() {}

    /** The gradient that a loss gives, its values left out. */
    static Tensor unreported(Kernels kernels, int rows, Function<Tensor, Tensor> loss) {
        try (Tensor losses = kernels.memory().allocateSingle(rows)) {
            return loss.apply(losses);
        }
    }

    /**
     * Adds the distance to a gradient.
     *
     * @param ofTeacher [M,C] gradient of the loss at the teacher's outputs
     * @param gradient [M,C] gradient of the loss; twice itself less the other afterwards
     */
    static void add(Kernels kernels, Tensor ofTeacher, Tensor gradient) {
        try (Tensor ofLoss = kernels.pointwise().copy(gradient)) {
            kernels.pointwise().add(ofLoss, gradient);
            kernels.pointwise().subtract(ofTeacher, gradient);
        }
    }
}
