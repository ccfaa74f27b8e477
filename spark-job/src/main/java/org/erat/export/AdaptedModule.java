package org.erat.export;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.erat.adapter.AdapterLayout;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Family.StoredProjection;
import org.erat.data.architecture.Projection;
import org.erat.data.safetensors.FloatTensor;

/**
 * A module of the Hugging Face model, with the adapters of the projections that it computes: of one, or side by side of
 * several, as GPT-2's {@code c_attn} computes query, key and value. Adapters of several are one of all their rows, which
 * adds the same to each output:
 *
 * <pre>
 *   A = [A_query]   B = [B_query      0   ]
 *       [A_value]       [   0         0   ]   (key has no adapter here)
 *                       [   0      B_value]
 * </pre>
 *
 * @param path in a model of the adapter's {@link ModelClass}
 * @param transposed whether the model stores the module's weight as [in,out], which PEFT calls {@code fan_in_fan_out}
 * @param in inputs
 * @param out outputs, those without adapters among them
 * @param parts its adapters, in the order of their outputs
 */
record AdaptedModule(String path, int block, boolean transposed, int in, int out, List<Part> parts) {
    AdaptedModule {
        parts = List.copyOf(parts);
    }

    /**
     * The adapter of one projection.
     *
     * @param firstOutput of the projection among those of the module
     */
    record Part(AdapterLayout.Slot slot, int firstOutput) {}

    /** The modules of an adapter, in the order of its slots. */
    static List<AdaptedModule> of(TrainedAdapter adapter) {
        Map<String, List<AdapterLayout.Slot>> slots = new LinkedHashMap<>();
        for (AdapterLayout.Slot slot : adapter.layout().slots()) {
            String module =
                    adapter.family().stored(slot.block(), slot.projection()).module();
            slots.computeIfAbsent(module, path -> new ArrayList<>()).add(slot);
        }
        return slots.values().stream().map(ofModule -> of(adapter, ofModule)).toList();
    }

    private static AdaptedModule of(TrainedAdapter adapter, List<AdapterLayout.Slot> slots) {
        Architecture architecture = adapter.architecture();
        AdapterLayout.Slot first = slots.get(0);
        StoredProjection stored = adapter.family().stored(first.block(), first.projection());
        List<Part> parts = new ArrayList<>();
        int out = 0;
        for (Projection projection : stored.fused()) {
            for (AdapterLayout.Slot slot : slots) {
                if (slot.projection() == projection) {
                    parts.add(new Part(slot, out));
                }
            }
            out += architecture.out(projection);
        }
        String path = adapter.inModelClass(stored.module());
        return new AdaptedModule(path, first.block(), stored.transposed(), first.in(), out, parts);
    }

    /**
     * A [rows,in] of the first rows of each part; zero beyond them.
     *
     * @param parameters as {@link AdapterLayout} lays them out
     * @param kept rows of each part
     */
    FloatTensor a(float[] parameters, int[] kept, int rows) {
        float[] a = new float[Math.multiplyExact(rows, in)];
        int at = 0;
        for (int i = 0; i < kept.length; i++) {
            int from = Math.toIntExact(parts.get(i).slot().rowOfA(0));
            System.arraycopy(parameters, from, a, at * in, kept[i] * in);
            at += kept[i];
        }
        return new FloatTensor(new long[] {rows, in}, FloatBuffer.wrap(a));
    }

    /**
     * B [out,columns], from Bᵀ of the first rows of each part; zero elsewhere.
     *
     * @param factors of the values of each part
     */
    FloatTensor b(float[] parameters, int[] kept, double[] factors, int columns) {
        float[] b = new float[Math.multiplyExact(out, columns)];
        int column = 0;
        for (int i = 0; i < kept.length; i++) {
            Part part = parts.get(i);
            for (int row = 0; row < kept[i]; row++, column++) {
                int from = Math.toIntExact(part.slot().rowOfB(row));
                for (int o = 0; o < part.slot().out(); o++) {
                    b[(part.firstOutput() + o) * columns + column] = (float) (factors[i] * parameters[from + o]);
                }
            }
        }
        return new FloatTensor(new long[] {out, columns}, FloatBuffer.wrap(b));
    }

    /** Puts A and B of all rows, as {@link #a} and {@link #b} give them, where the layout has them. */
    void read(FloatBuffer a, FloatBuffer b, float[] parameters) {
        int rank = parts.stream().mapToInt(part -> part.slot().rank()).sum();
        int column = 0;
        for (Part part : parts) {
            AdapterLayout.Slot slot = part.slot();
            a.get(parameters, Math.toIntExact(slot.rowOfA(0)), slot.rank() * in);
            for (int row = 0; row < slot.rank(); row++, column++) {
                int to = Math.toIntExact(slot.rowOfB(row));
                for (int o = 0; o < slot.out(); o++) {
                    parameters[to + o] = b.get((part.firstOutput() + o) * rank + column);
                }
            }
        }
    }
}
