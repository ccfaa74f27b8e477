package org.erat.generation;

import java.util.List;
import javax.annotation.Nullable;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.compute.Tensor;
import org.erat.inference.Selection;
import org.erat.model.ModelRuntime;
import org.erat.prefix.PassInputs;

/** A model that completes prompts, in one task. Confined to one thread. */
public final class Generator implements AutoCloseable {
    private final ModelRuntime runtime;
    private final Rules rules;
    private final Strategy strategy;

    /** The adapter's matrices; null for the base model alone. */
    @Nullable
    private final Tensor values;

    private final Adapters adapters;
    private final PassInputs inputs;

    /**
     * Loads a model.
     *
     * @throws org.erat.data.BadInputException if another model lies there, or it has no output layer
     */
    public Generator(GeneratingModel model, GenerationSettings settings) {
        rules = new Rules(model.tokens(), model.context(), settings);
        strategy = settings.strategy();
        runtime = ModelRuntime.acquire(model.uri(), model.sha256(), model.architecture(), model.compute());
        Selection selection = model.selection();
        if (selection == null) {
            values = null;
            adapters = Adapters.none(new AdapterLayout(model.architecture(), 1, List.of()), null);
        } else {
            values = selection.upload(runtime.kernels());
            adapters = selection.adapters(values);
        }
        inputs = PassInputs.of(model.head(), runtime);
    }

    /**
     * Completes prompts together. Their completions differ from those of single prompts by the rounding of logits at most:
     * a sum of another batch may run in another order.
     *
     * @param prompts each shorter than the model's context
     */
    public List<Completion> complete(List<Prompt> prompts) {
        try (SequenceBatch model =
                CachedSequences.read(runtime, adapters, inputs, rules.tokens().type(), prompts)) {
            if (strategy instanceof Strategy.Beam beam) {
                return new BeamSearch(rules, beam).complete(model, prompts);
            }
            TokenChoice choice = strategy instanceof Strategy.Sampling sampling
                    ? TokenChoice.sampled(sampling)
                    : TokenChoice.greedy();
            return new StepwiseDecoding(rules, choice).complete(model, prompts);
        }
    }

    @Override
    public void close() {
        if (values != null) {
            values.close();
        }
        runtime.close();
    }
}
