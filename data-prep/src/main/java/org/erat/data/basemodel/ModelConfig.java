package org.erat.data.basemodel;

import java.io.Serializable;

/**
 * The architecture of a base model, as its {@code config.json} states it (Hugging Face key names).
 *
 * @param modelType {@code bert} or {@code roberta}
 * @param vocabSize rows of the word embedding table
 * @param hiddenSize width H
 * @param numHiddenLayers number of blocks L
 * @param numAttentionHeads heads A; divides H
 * @param intermediateSize inner width F
 * @param maxPositionEmbeddings rows of the position embedding table
 * @param typeVocabSize rows of the token type embedding table
 * @param layerNormEps epsilon of layer normalisation
 * @param hiddenAct {@code gelu}, {@code gelu_new} or {@code relu}
 * @param padTokenId id of the padding token
 */
public record ModelConfig(
        String modelType,
        int vocabSize,
        int hiddenSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int intermediateSize,
        int maxPositionEmbeddings,
        int typeVocabSize,
        double layerNormEps,
        String hiddenAct,
        int padTokenId)
        implements Serializable {

    /** First row of the position table in use: RoBERTa counts positions from {@code padTokenId + 1}, BERT from 0. */
    public int positionOffset() {
        return modelType.equals("roberta") ? padTokenId + 1 : 0;
    }

    /** Longest sequence, in tokens, that the position table allows. */
    public int maxLength() {
        return maxPositionEmbeddings - positionOffset();
    }
}
