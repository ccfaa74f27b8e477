package org.erat.export;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.io.IOException;
import java.util.List;
import org.erat.adapter.AdapterSpec;
import org.erat.adapter.RankScale;
import org.erat.config.HeadSettings;
import org.erat.config.ScheduleConfig;
import org.erat.data.StrictJson;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadSpec;
import org.erat.model.BaseModelReference;

/**
 * {@code head_config.json} of version 1, which held all that a run was configured with, its device among it. Declared here
 * is what an adapter needs of it.
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record AdapterConfigV1(
        String task, TaskType type, List<String> labelNames, List<String> metrics, int outputs, Encoder encoder) {
    static final int VERSION = 1;

    private static final ObjectMapper JSON = StrictJson.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    record Encoder(
            String modelUri,
            String modelSha256,
            Model model,
            List<Projection> targets,
            Schedule schedule,
            double dropout,
            boolean freezeA,
            Pooling pooling) {
        AdapterSpec adapter() {
            RankScale scale = new RankScale(schedule.scale(), schedule.alpha(), schedule.rank());
            return new AdapterSpec(targets, scale, dropout, freezeA);
        }
    }

    enum Pooling {
        MEAN,
        FIRST_TOKEN
    }

    record Model(
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
            int padTokenId) {
        Architecture architecture() {
            return Architecture.encoder(
                    modelType,
                    vocabSize,
                    typeVocabSize,
                    modelType.equals("roberta")
                            ? Positions.ofRealTokens(maxPositionEmbeddings, padTokenId)
                            : Positions.ofAllTokens(maxPositionEmbeddings),
                    numHiddenLayers,
                    hiddenSize,
                    numAttentionHeads,
                    intermediateSize,
                    activation(),
                    layerNormEps,
                    padTokenId);
        }

        private Activation activation() {
            return switch (hiddenAct) {
                case "gelu" -> Activation.GELU;
                case "gelu_new" -> Activation.GELU_TANH;
                case "relu" -> Activation.RELU;
                default -> throw new IllegalArgumentException("hidden_act " + hiddenAct);
            };
        }
    }

    record Schedule(int rank, double alpha, ScheduleConfig.Scale scale) {}

    /** @throws IOException if something is missing or of another type */
    static AdapterConfig parse(byte[] json) throws IOException {
        return JSON.readValue(json, AdapterConfigV1.class).current();
    }

    private HeadSpec head(Architecture architecture) {
        HeadSpec ofMean = HeadSpec.of(type, outputs, new HeadSettings(HeadSettings.Pooling.MEAN, 0), architecture);
        boolean first = ofMean.readout() == HeadSpec.Readout.MEAN && encoder.pooling() == Pooling.FIRST_TOKEN;
        return first
                ? new HeadSpec(
                        HeadSpec.Readout.FIRST_TOKEN,
                        ofMean.width(),
                        outputs,
                        ofMean.loss(),
                        ofMean.layers(),
                        ofMean.dropout())
                : ofMean;
    }

    /** The same in the current version. */
    private AdapterConfig current() {
        Architecture architecture = encoder.model().architecture();
        return new AdapterConfig(
                AdapterConfig.VERSION,
                new BaseModelReference(encoder.modelUri(), encoder.modelSha256()),
                architecture,
                encoder.adapter(),
                head(architecture),
                task,
                type,
                labelNames,
                metrics);
    }
}
