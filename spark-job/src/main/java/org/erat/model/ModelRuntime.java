package org.erat.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.device.Device;
import org.erat.compute.device.TaskDevice;
import org.erat.config.ComputeSettings;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Architecture;

/**
 * A transformer that is ready to run in one task: kernels with their compiled primitives, over base weights that are shared
 * by the JVM. All parts of a task that ask for the same runtime on the same thread get the same one, and with it the same
 * scratch memory. When a task is done its runtime waits for the next task; nothing a task computes depends on which one it
 * gets. The JVM keeps the {@link #MOST_IDLE} that were used last. Confined to one thread at a time.
 */
public final class ModelRuntime implements AutoCloseable {
    /** Twice what can run at a time: one for training and one for evaluation. */
    static final int MOST_IDLE = 2 * Runtime.getRuntime().availableProcessors();

    // Spark gives an executor no other place that outlives a task. The last one used is first.
    private static final Deque<ModelRuntime> IDLE = new ArrayDeque<>();

    /** Those in use; guarded by {@link #IDLE}. */
    private static final List<ModelRuntime> IN_USE = new ArrayList<>();

    private final Key key;
    private final BaseWeights base;
    private final Kernels kernels;
    private final Transformer transformer;

    @Nullable
    private OutputLayer output;

    /** Who computes with it. */
    @Nullable
    private Thread user;

    /** How often the user has acquired it and not closed it yet. */
    private int uses;

    private record Key(String sha256, Architecture architecture, ComputeSettings compute, Device device) {}

    private ModelRuntime(Key key, BaseWeights base) {
        this.key = key;
        this.base = base;
        this.kernels = base.backend().open(key.compute().threads());
        this.transformer =
                new Transformer(kernels, base.weights(), key.compute().activations());
    }

    /**
     * A runtime on the device of the current task, to be closed as often as it was acquired.
     *
     * @param uri base-model directory, a Hadoop path
     * @param sha256 of its weights, in hexadecimal
     * @param architecture of the model
     * @throws org.erat.data.BadInputException if what lies there is another model
     */
    public static ModelRuntime acquire(String uri, String sha256, Architecture architecture, ComputeSettings compute) {
        Key key = new Key(sha256, architecture, compute, TaskDevice.current());
        synchronized (IDLE) {
            ModelRuntime found = find(key);
            if (found != null) {
                return found.begin();
            }
        }
        BaseWeights base = BaseWeights.acquire(uri, sha256, architecture, compute);
        boolean opened = false;
        try {
            ModelRuntime runtime = new ModelRuntime(key, base);
            opened = true;
            synchronized (IDLE) {
                return runtime.begin();
            }
        } finally {
            if (!opened) {
                base.close();
            }
        }
    }

    /** What this thread uses already, or else one that is idle and no longer among those. */
    @Nullable
    private static ModelRuntime find(Key key) {
        for (ModelRuntime runtime : IN_USE) {
            if (runtime.key.equals(key) && runtime.user == Thread.currentThread()) {
                return runtime;
            }
        }
        for (Iterator<ModelRuntime> idle = IDLE.iterator(); idle.hasNext(); ) {
            ModelRuntime runtime = idle.next();
            if (runtime.key.equals(key)) {
                idle.remove();
                return runtime;
            }
        }
        return null;
    }

    private ModelRuntime begin() {
        if (uses++ == 0) {
            user = Thread.currentThread();
            IN_USE.add(this);
        }
        return this;
    }

    /** Whether this was the last use. */
    private boolean end() {
        synchronized (IDLE) {
            if (--uses > 0) {
                return false;
            }
            IN_USE.remove(this);
            user = null;
            return true;
        }
    }

    public Kernels kernels() {
        return kernels;
    }

    public Transformer transformer() {
        return transformer;
    }

    /**
     * The output layer of a language model.
     *
     * @throws org.erat.data.BadInputException if the base model lacks it
     */
    public OutputLayer output() {
        if (output == null) {
            output = new OutputLayer(kernels, base.output(), transformer.architecture());
        }
        return output;
    }

    /**
     * Id of the token that stands where a masked language model predicts one.
     *
     * @throws BadInputException if the base model's tokenizer has none
     */
    public int maskTokenId() {
        return base.maskTokenId()
                .orElseThrow(() -> new BadInputException(
                        "The base model has no mask token, at which tokens could be predicted. Set prefix.objective ="
                                + " causal, or prepare a checkpoint of a masked language model with its tokenizer."));
    }

    /** Returns the runtime, whose scratch memory others can use once all uses of this thread are closed. */
    @Override
    public void close() {
        if (!end()) {
            return;
        }
        if (kernels.memory().outstanding() != 0) {
            // A pass was cut short by a failure.
            discard();
            return;
        }
        kernels.memory().release();
        ModelRuntime eldest = null;
        synchronized (IDLE) {
            IDLE.push(this);
            if (IDLE.size() > MOST_IDLE) {
                eldest = IDLE.removeLast();
            }
        }
        if (eldest != null) {
            eldest.discard();
        }
    }

    private void discard() {
        kernels.close();
        base.close();
    }

    /** Frees every runtime that waits, and with them the base weights that nobody uses. */
    public static void discardIdle() {
        while (true) {
            ModelRuntime idle;
            synchronized (IDLE) {
                idle = IDLE.poll();
            }
            if (idle == null) {
                return;
            }
            idle.discard();
        }
    }

    /** Sets of base weights that this JVM holds. */
    public static int copiesOfWeights() {
        return BaseWeights.copies();
    }
}
