package org.erat.ml;

import org.apache.spark.ml.param.Param;

/**
 * Params of stages whose examples are a text, two texts, or token ids.
 *
 * @param <S> the class itself
 */
public interface OfTexts<S extends OfTexts<S>> extends AdapterStage<S> {
    default Param<String> textPairCol() {
        return adapterParams().textPairCol;
    }

    default S setTextPairCol(String name) {
        return with(textPairCol(), name);
    }

    default Param<String> tokensCol() {
        return adapterParams().tokensCol;
    }

    default S setTokensCol(String name) {
        return with(tokensCol(), name);
    }

    default Param<String> tokenTypesCol() {
        return adapterParams().tokenTypesCol;
    }

    default S setTokenTypesCol(String name) {
        return with(tokenTypesCol(), name);
    }
}
