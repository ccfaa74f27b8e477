package org.erat.export;

import java.util.List;
import org.erat.data.safetensors.FloatTensor;

/**
 * An adapted module as PEFT has it: ΔW = (α / r)·B·A.
 *
 * @param path in its model
 * @param block number of the block that it belongs to
 * @param transposed whether the model stores its weight as [in,out], which PEFT calls {@code fan_in_fan_out}
 * @param kept rows of each projection that the module computes and that has an adapter
 * @param alpha α
 * @param a [r,in]
 * @param b [out,r]
 */
public record PeftModule(
        String path, int block, boolean transposed, List<Integer> kept, double alpha, FloatTensor a, FloatTensor b) {
    public PeftModule {
        kept = List.copyOf(kept);
    }

    /** r. */
    int rank() {
        return Math.toIntExact(a.shape()[0]);
    }

    double scale() {
        return alpha / rank();
    }

    boolean differsFrom(PeftModule other) {
        return rank() != other.rank() || alpha != other.alpha();
    }

    /**
     * Matches this module's path alone. PEFT puts a dot before an expression (always, before version 0.15), so that it has to
     * begin after the first part of a path.
     */
    String expression() {
        return path.substring(path.indexOf('.') + 1).replace(".", "\\.");
    }
}
