package org.erat.data.architecture;

import java.util.List;
import java.util.Optional;

/**
 * RoBERTa (Liu et al. 2019), XLM-RoBERTa and CamemBERT, after {@code RobertaModel} of the transformers library. The
 * encoder is BERT's. Positions count from the row after the padding token's, and the head has other names.
 */
public final class Roberta extends Bert {
    @Override
    public List<String> modelTypes() {
        return List.of("roberta", "xlm-roberta", "camembert");
    }

    @Override
    public String classPrefix(String modelType) {
        return modelType.equals("xlm-roberta") ? "XLMRoberta" : super.classPrefix(modelType);
    }

    @Override
    public TaskHead sequenceClassifier(Architecture architecture) {
        return TaskHead.droppedDense("classifier.dense", Activation.TANH, "classifier.out_proj");
    }

    @Override
    int defaultPadTokenId() {
        return 1;
    }

    @Override
    Positions.Learned positions(int rows, int padTokenId) {
        return Positions.ofRealTokens(rows, padTokenId);
    }

    @Override
    public List<String> prefixes() {
        return List.of("", "roberta.");
    }

    @Override
    public Optional<MaskedLanguageModelHead> maskedLanguageModelHead() {
        return Optional.of(new MaskedLanguageModelHead(
                "lm_head.dense", "lm_head.layer_norm", "lm_head.bias", "lm_head.decoder.weight"));
    }
}
