package org.erat.data.architecture;

import java.io.Serializable;
import java.util.List;
import java.util.stream.Stream;

/**
 * Layers of a task head: linear maps with activations between them, on the state [H] that the head reads. All but the last
 * map are [H,H].
 *
 * @param layers the maps in the order of the forward pass; empty for a head without parameters
 * @param activations between them, one less than layers
 * @param norms of what the activations give, one for each; empty for none
 */
public record TaskHead(List<Linear> layers, List<Activation> activations, List<Norm> norms) implements Serializable {
    /** No layers of its own: predicts by what the model has. */
    public static final TaskHead NONE = new TaskHead(List.of(), List.of(), List.of());

    /** Of states that no class of the transformers library reads, such as a mean: a dense layer with tanh before the outputs. */
    public static final TaskHead OF_POOLED_STATES = dense("dense", Activation.TANH, "out_proj");

    public TaskHead {
        layers = List.copyOf(layers);
        activations = List.copyOf(activations);
        norms = List.copyOf(norms);
        if (activations.size() != Math.max(0, layers.size() - 1)) {
            throw new IllegalArgumentException(
                    activations.size() + " activations between " + layers.size() + " layers");
        }
        if (!norms.isEmpty() && norms.size() != activations.size()) {
            throw new IllegalArgumentException(norms.size() + " norms of " + activations.size() + " activations");
        }
    }

    /**
     * A linear map.
     *
     * @param name of the map in the transformers library's class, whose tensors are {@code NAME.weight} and {@code NAME.bias}
     * @param dropped whether training drops values of its input
     * @param biased whether it has a bias
     */
    public record Linear(String name, boolean dropped, boolean biased) implements Serializable {}

    /**
     * Layer normalization over the values [H], whose weight learns as the maps do.
     *
     * @param name of the norm in the transformers library's class, whose tensors are {@code NAME.weight} and
     *     {@code NAME.bias}
     * @param biased whether it has a bias
     * @param epsilon added to the variance
     */
    public record Norm(String name, boolean biased, double epsilon) implements Serializable {}

    /** A dense layer, whose output is dropped from, and the outputs. */
    static TaskHead dense(String dense, Activation activation, String output) {
        return new TaskHead(
                List.of(new Linear(dense, false, true), new Linear(output, true, true)),
                List.of(activation),
                List.of());
    }

    /** A dense layer without a bias, whose output is normalized and then dropped from, and the outputs. */
    static TaskHead normedDense(String dense, Activation activation, Norm norm, String output) {
        return new TaskHead(
                List.of(new Linear(dense, false, false), new Linear(output, true, true)),
                List.of(activation),
                List.of(norm));
    }

    /** A dense layer that drops from its input too, and the outputs. */
    static TaskHead droppedDense(String dense, Activation activation, String output) {
        return new TaskHead(
                List.of(new Linear(dense, true, true), new Linear(output, true, true)), List.of(activation), List.of());
    }

    /** Outputs alone, of a state that is dropped from. */
    static TaskHead linear(String output) {
        return new TaskHead(List.of(new Linear(output, true, true)), List.of(), List.of());
    }

    /** Outputs alone, without dropout and bias. */
    static TaskHead plain(String output) {
        return new TaskHead(List.of(new Linear(output, false, false)), List.of(), List.of());
    }

    /** Paths of the modules that hold the head: PEFT's {@code modules_to_save}. */
    public List<String> modules() {
        return Stream.concat(layers.stream().map(Linear::name), norms.stream().map(Norm::name))
                .map(TaskHead::module)
                .distinct()
                .toList();
    }

    /** The module that holds all of a head's part: a head may be a module with maps in it. */
    private static String module(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }
}
