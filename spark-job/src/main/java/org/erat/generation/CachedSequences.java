package org.erat.generation;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.erat.adapter.Adapters;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.model.KeyValueCache;
import org.erat.model.ModelRuntime;
import org.erat.model.OutputLayer;
import org.erat.model.Transformer;

/** Sequences whose keys and values are kept, so that a token costs one row of every product. */
final class CachedSequences implements SequenceBatch {
    private final ModelRuntime runtime;
    private final Kernels kernels;
    private final Adapters adapters;
    private final KeyValueCache cache;

    /** [S] the prompt that a sequence began as. */
    private int[] prompts;

    /** [S] tokens of that prompt. */
    private int[] promptLengths;

    private final float[] row;
    private FloatBuffer logits;

    private CachedSequences(ModelRuntime runtime, Adapters adapters, KeyValueCache cache, int... promptLengths) {
        this.runtime = runtime;
        this.kernels = runtime.kernels();
        this.adapters = adapters;
        this.cache = cache;
        this.promptLengths = promptLengths;
        this.prompts = IntStream.range(0, promptLengths.length).toArray();
        this.row = new float[runtime.output().vocabulary()];
    }

    /** Reads prompts. */
    static CachedSequences read(ModelRuntime runtime, Adapters adapters, List<Prompt> prompts) {
        Batch batch = batch(prompts, runtime.transformer().architecture().padTokenId());
        Transformer.Prefilled prefilled = runtime.transformer().prefill(batch, adapters);
        CachedSequences sequences = new CachedSequences(runtime, adapters, prefilled.cache(), batch.lengths());
        try (Tensor hidden = prefilled.hidden()) {
            sequences.keepLogits(
                    hidden,
                    IntStream.range(0, batch.size())
                            .map(b -> b * batch.tokens() + batch.lengths()[b] - 1)
                            .toArray());
        }
        return sequences;
    }

    private static Batch batch(List<Prompt> prompts, int padTokenId) {
        int[] lengths =
                prompts.stream().mapToInt(prompt -> prompt.tokens().length).toArray();
        int longest = IntStream.of(lengths).max().orElseThrow();
        int[] ids = new int[lengths.length * longest];
        Arrays.fill(ids, padTokenId);
        for (int b = 0; b < lengths.length; b++) {
            System.arraycopy(prompts.get(b).tokens(), 0, ids, b * longest, lengths[b]);
        }
        return new Batch(
                ids,
                new int[ids.length],
                lengths,
                prompts.stream().mapToLong(Prompt::id).toArray(),
                new Targets.Unknown(new int[0]));
    }

    /** @param rows of the newest token of each sequence */
    private void keepLogits(Tensor hidden, int... rows) {
        OutputLayer output = runtime.output();
        try (Tensor states = kernels.tokens().gather(hidden, rows);
                OutputLayer.Pass pass = output.forward(states);
                Tensor all = output.logits(pass)) {
            int size = Math.multiplyExact(rows.length, row.length);
            if (logits == null || logits.capacity() < size) {
                logits = FloatBuffer.allocate(size);
            }
            kernels.memory().download(all, logits.clear().limit(size));
        }
    }

    @Override
    public float[] logits(int sequence) {
        logits.get(sequence * row.length, row);
        return row;
    }

    @Override
    public void advance(int[] sources, int[] tokens) {
        int[] nextPrompts = IntStream.of(sources).map(source -> prompts[source]).toArray();
        if (Arrays.equals(nextPrompts, prompts)) {
            cache.reorder(sources, promptLengths);
        } else {
            cache.select(sources);
            promptLengths =
                    IntStream.of(sources).map(source -> promptLengths[source]).toArray();
            prompts = nextPrompts;
        }
        try (Tensor hidden = runtime.transformer().decode(tokens, adapters, cache)) {
            keepLogits(hidden, IntStream.range(0, tokens.length).toArray());
        }
    }

    @Override
    public void close() {
        cache.close();
    }
}
