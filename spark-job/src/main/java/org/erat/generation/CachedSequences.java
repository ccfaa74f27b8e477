package org.erat.generation;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
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
import org.erat.prefix.PassInputs;

/**
 * Sequences whose keys and values are kept, so that a token costs one row of every product. Where a model predicts at a
 * placeholder, that is a second row, whose key and value are forgotten again.
 */
final class CachedSequences implements SequenceBatch {
    private final ModelRuntime runtime;
    private final Kernels kernels;
    private final Adapters adapters;
    private final KeyValueCache cache;

    /** What is read behind each token to predict the next one, if anything is. */
    private final OptionalInt placeholder;

    /** Of tokens behind the prompts. */
    private final int typeId;

    /** [S] the prompt that a sequence began as. */
    private int[] prompts;

    /** [S] tokens of that prompt. */
    private int[] promptLengths;

    private final float[] row;
    private FloatBuffer logits;

    private CachedSequences(
            ModelRuntime runtime,
            Adapters adapters,
            OptionalInt placeholder,
            int typeId,
            KeyValueCache cache,
            int... promptLengths) {
        this.runtime = runtime;
        this.kernels = runtime.kernels();
        this.adapters = adapters;
        this.cache = cache;
        this.placeholder = placeholder;
        this.typeId = typeId;
        this.promptLengths = promptLengths;
        this.prompts = IntStream.range(0, promptLengths.length).toArray();
        this.row = new float[runtime.output().vocabulary()];
    }

    /**
     * Reads prompts.
     *
     * @param inputs what passes read
     * @param typeId token type of completions
     */
    static CachedSequences read(
            ModelRuntime runtime, Adapters adapters, PassInputs inputs, int typeId, List<Prompt> prompts) {
        Batch plain = batch(prompts, runtime.transformer().architecture().padTokenId());
        Batch batch = inputs.prompts(plain, typeId);
        Transformer.Prefilled prefilled = runtime.transformer().prefill(batch, adapters);
        CachedSequences sequences = new CachedSequences(
                runtime, adapters, inputs.placeholder(), typeId, prefilled.cache(), plain.lengths());
        try (Tensor hidden = prefilled.hidden()) {
            sequences.keepLogits(hidden, batch.targets().tokens());
        }
        sequences.forgetPlaceholders();
        return sequences;
    }

    private void forgetPlaceholders() {
        if (placeholder.isPresent()) {
            cache.forgetNewest();
        }
    }

    /** The prompts as plain examples of which the last token predicts. */
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
                new Targets.Unknown(IntStream.range(0, lengths.length)
                        .map(b -> b * longest + lengths[b] - 1)
                        .toArray()));
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
        int[] read = withPlaceholders(tokens);
        try (Tensor hidden = runtime.transformer().decode(read, typeId, adapters, cache)) {
            keepLogits(
                    hidden,
                    IntStream.range(read.length - tokens.length, read.length).toArray());
        }
        forgetPlaceholders();
    }

    private int[] withPlaceholders(int... tokens) {
        if (placeholder.isEmpty()) {
            return tokens;
        }
        int[] both = Arrays.copyOf(tokens, 2 * tokens.length);
        Arrays.fill(both, tokens.length, both.length, placeholder.getAsInt());
        return both;
    }

    @Override
    public void close() {
        cache.close();
    }
}
