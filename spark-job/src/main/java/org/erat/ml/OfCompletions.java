package org.erat.ml;

import org.apache.spark.ml.param.IntParam;

/**
 * Params of stages that complete prompts.
 *
 * @param <S> the class itself
 */
public interface OfCompletions<S extends OfCompletions<S>> extends AdapterStage<S> {
    default IntParam maxNewTokens() {
        return adapterParams().maxNewTokens;
    }

    default int getMaxNewTokens() {
        return (Integer) getOrDefault(maxNewTokens());
    }

    default S setMaxNewTokens(int tokens) {
        return with(maxNewTokens(), tokens);
    }

    default IntParam beams() {
        return adapterParams().beams;
    }

    default int getBeams() {
        return (Integer) getOrDefault(beams());
    }

    default S setBeams(int beams) {
        return with(beams(), beams);
    }
}
