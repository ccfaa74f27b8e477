package org.erat.data.basemodel;

import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.Family.StoredProjection;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Projection;

/**
 * Where a checkpoint holds a tensor of a projection that it stores in another form than [out,in] under its own name.
 *
 * @param name of the tensor in the checkpoint
 * @param shape of that tensor
 * @param transposed whether its rows are inputs, so that outputs are its columns
 * @param from first output of the projection
 * @param outputs of the projection
 */
record FusedTensor(String name, long[] shape, boolean transposed, int from, int outputs) {
    /** Those of a model, by the names of {@link ModelTensors}. */
    static Map<String, FusedTensor> of(Architecture architecture) {
        Family family = Families.of(architecture);
        Map<String, FusedTensor> tensors = new HashMap<>();
        for (int block = 0; block < architecture.blocks(); block++) {
            for (Projection projection : architecture.projections()) {
                StoredProjection stored = family.stored(block, projection);
                if (stored.transposed() || stored.fused().size() > 1) {
                    add(tensors, family.projection(block, projection), stored, projection, architecture);
                }
            }
        }
        return tensors;
    }

    private static void add(
            Map<String, FusedTensor> tensors,
            String name,
            StoredProjection stored,
            Projection projection,
            Architecture architecture) {
        List<Projection> before = stored.fused().subList(0, stored.fused().indexOf(projection));
        int from = before.stream().mapToInt(architecture::out).sum();
        int outputs = architecture.out(projection);
        long all = stored.fused().stream().mapToLong(architecture::out).sum();
        long in = architecture.in(projection);
        long[] shape = stored.transposed() ? new long[] {in, all} : new long[] {all, in};
        tensors.put(
                ModelTensors.weight(name),
                new FusedTensor(ModelTensors.weight(stored.module()), shape, stored.transposed(), from, outputs));
        tensors.put(
                ModelTensors.bias(name),
                new FusedTensor(ModelTensors.bias(stored.module()), new long[] {all}, false, from, outputs));
    }

    /** The values of the projection, by outputs, of all that the checkpoint holds. */
    FloatBuffer of(FloatBuffer stored) {
        FloatBuffer values = transposed ? Transposition.transpose(stored, (int) shape[0], (int) shape[1]) : stored;
        return values.slice(values.position() + from * inputs(), outputs * inputs());
    }

    /** Puts the values of the projection, by outputs, among those of all that the checkpoint holds, by outputs. */
    void put(FloatBuffer values, FloatBuffer all) {
        all.put(from * inputs(), values, values.position(), values.remaining());
    }

    /** As the checkpoint holds them. */
    FloatBuffer stored(FloatBuffer all) {
        return transposed ? Transposition.transpose(all, (int) shape[1], (int) shape[0]) : all;
    }

    /** Values of all that the checkpoint holds. */
    int elements() {
        return Math.toIntExact(LongStream.of(shape).reduce(1, Math::multiplyExact));
    }

    /** Values of one output: of a weight its inputs, of a bias one. */
    private int inputs() {
        return shape.length == 1 ? 1 : (int) (transposed ? shape[0] : shape[1]);
    }
}
