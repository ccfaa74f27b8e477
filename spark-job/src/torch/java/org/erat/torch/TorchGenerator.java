package org.erat.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.Arrays;

/** Greedy search by a {@link TorchTransformer} with tied embeddings, over a cache of keys and values. */
public final class TorchGenerator {
    private final NDManager manager;
    private final TorchTransformer transformer;
    private final TorchScript newest;
    private final TorchScript likeliest;

    /** @param manager of the transformer's weights */
    public TorchGenerator(NDManager manager, TorchTransformer transformer) {
        this.manager = manager;
        this.transformer = transformer;
        this.newest = new TorchScript(manager, "torch.select(x, 1, -1)", "x");
        this.likeliest = new TorchScript(manager, "torch.argmax(x, -1, True)", "x");
    }

    /**
     * Completes prompts of one length.
     *
     * @param prompts [B,T] token ids
     * @return [B,count] token ids
     */
    public int[][] complete(int[][] prompts, int count) {
        int batch = prompts.length;
        int tokens = prompts[0].length;
        int[][] completions = new int[batch][count];
        boolean mode = JniUtils.isGradMode();
        JniUtils.setGradMode(false);
        try (NDManager sequences = manager.newSubManager();
                TorchCache cache = new TorchCache(sequences, transformer, batch, tokens + count)) {
            long[] ids = Arrays.stream(prompts)
                    .flatMapToInt(Arrays::stream)
                    .asLongStream()
                    .toArray();
            NDArray next = sequences.create(ids, new Shape(batch, tokens));
            for (int t = 0; t < count; t++) {
                try (NDManager step = sequences.newSubManager()) {
                    next.attach(step);
                    NDArray states = newest.apply(step, transformer.read(step, next, cache));
                    next = likeliest.apply(step, transformer.logits(states));
                    next.attach(sequences);
                    long[] chosen = next.toLongArray();
                    for (int b = 0; b < batch; b++) {
                        completions[b][t] = (int) chosen[b];
                    }
                }
            }
            return completions;
        } finally {
            JniUtils.setGradMode(mode);
        }
    }
}
