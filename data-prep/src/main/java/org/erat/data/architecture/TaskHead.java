package org.erat.data.architecture;

import java.io.Serializable;
import java.util.List;

/**
 * Layers of a task head: linear maps with activations between them, on the state [H] that the head reads. All but the last
 * map are [H,H].
 *
 * @param layers the maps in the order of the forward pass; empty for a head without parameters
 * @param activations between them, one less than layers
 */
public record TaskHead(List<Linear> layers, List<Activation> activations) implements Serializable {
    /** No layers of its own: predicts by what the model has. */
    public static final TaskHead NONE = new TaskHead(List.of(), List.of());

    /** Of states that no class of the transformers library reads, such as a mean: a dense layer with tanh before the outputs. */
    public static final TaskHead OF_POOLED_STATES = dense("dense", Activation.TANH, "out_proj");

    public TaskHead {
        layers = List.copyOf(layers);
        activations = List.copyOf(activations);
        if (activations.size() != Math.max(0, layers.size() - 1)) {
            throw new IllegalArgumentException(
                    activations.size() + " activations between " + layers.size() + " layers");
        }
    }

    /**
     * A linear map.
     *
     * @param name of the map in the transformers library's class, whose tensors are {@code NAME.weight} and {@code NAME.bias}
     * @param dropped whether training drops values of its input
     * @param biased whether it has a bias
     */
    public record Linear(String name, boolean dropped, boolean biased) implements Serializable {
        /** The module that holds all of a head's part: a head may be a module with maps in it. */
        String module() {
            int dot = name.lastIndexOf('.');
            return dot < 0 ? name : name.substring(0, dot);
        }
    }

    /** A dense layer, whose output is dropped from, and the outputs. */
    static TaskHead dense(String dense, Activation activation, String output) {
        return new TaskHead(
                List.of(new Linear(dense, false, true), new Linear(output, true, true)), List.of(activation));
    }

    /** The same, which drops from its input too. */
    static TaskHead droppedDense(String dense, Activation activation, String output) {
        return new TaskHead(
                List.of(new Linear(dense, true, true), new Linear(output, true, true)), List.of(activation));
    }

    /** Outputs alone, of a state that is dropped from. */
    static TaskHead linear(String output) {
        return new TaskHead(List.of(new Linear(output, true, true)), List.of());
    }

    /** Outputs alone, without dropout and bias. */
    static TaskHead plain(String output) {
        return new TaskHead(List.of(new Linear(output, false, false)), List.of());
    }

    /** Paths of the modules that hold the head: PEFT's {@code modules_to_save}. */
    public List<String> modules() {
        return layers.stream().map(Linear::module).distinct().toList();
    }
}
