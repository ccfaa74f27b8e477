package org.erat.data.architecture;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.io.Serializable;

/** What stretches the frequencies of rotary position embeddings to longer texts, after the transformers library. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = RotaryScaling.Unscaled.class, name = "unscaled"),
    @JsonSubTypes.Type(value = RotaryScaling.Linear.class, name = "linear"),
    @JsonSubTypes.Type(value = RotaryScaling.Llama3.class, name = "llama3")
})
public sealed interface RotaryScaling extends Serializable {
    /** The scaled frequency. */
    double of(double frequency);

    /** Frequencies as they are. */
    record Unscaled() implements RotaryScaling {
        @Override
        public double of(double frequency) {
            return frequency;
        }
    }

    /**
     * Position interpolation (Chen et al., arXiv 2306.15595).
     *
     * @param factor divides every frequency
     */
    record Linear(double factor) implements RotaryScaling {
        @Override
        public double of(double frequency) {
            return frequency / factor;
        }
    }

    /**
     * That of LLaMA 3.1: long wavelengths are interpolated, short ones are left alone, and those between are blended.
     *
     * @param factor divides the lowest frequencies
     * @param lowFrequencyFactor wavelengths above the original length divided by this one are interpolated
     * @param highFrequencyFactor wavelengths below the original length divided by this one are left alone
     * @param originalLength longest sequence in tokens before the scaling
     */
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalLength)
            implements RotaryScaling {
        @Override
        public double of(double frequency) {
            double periods = originalLength * frequency / (2 * Math.PI);
            double share = (periods - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
            double kept = Math.min(1, Math.max(0, share));
            return (1 - kept) * frequency / factor + kept * frequency;
        }
    }
}
