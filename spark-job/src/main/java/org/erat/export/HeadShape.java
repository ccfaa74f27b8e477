package org.erat.export;

import java.util.LinkedHashMap;
import java.util.Map;
import org.erat.network.EncoderSpec;

/**
 * The tensors of the task head in the order of the graph's parameters. Deeplearning4j keeps a weight [in,out] in column
 * order, which is [out,in] in row order, as PyTorch has it: values are copied as they are.
 *
 * @param offset index of its first value in the flat parameters
 * @param width H
 * @param outputs C
 */
record HeadShape(long offset, int width, int outputs) {
    static HeadShape of(EncoderSpec spec, int outputs) {
        return new HeadShape(spec.layout().length(), spec.model().hiddenSize(), outputs);
    }

    /** Shapes by name, in the order of the parameters. */
    Map<String, long[]> tensors() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("dense.weight", new long[] {width, width});
        shapes.put("dense.bias", new long[] {width});
        shapes.put("out_proj.weight", new long[] {outputs, width});
        shapes.put("out_proj.bias", new long[] {outputs});
        return shapes;
    }

    /** Values of all its tensors. */
    long length() {
        return (long) width * width + width + (long) outputs * width + outputs;
    }
}
