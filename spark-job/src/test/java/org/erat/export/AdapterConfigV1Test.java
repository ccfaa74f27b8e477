package org.erat.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.erat.adapter.Window;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Architecture;
import org.erat.dl4j.TinyLearners;
import org.erat.head.HeadSpec;
import org.erat.inference.Predictor;
import org.erat.inference.Selection;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters of version 1, of the texts that the program wrote before version 2, but for the place of the base model. */
class AdapterConfigV1Test {
    private static final String CLASSIFIER_ON_A_GPU =
            """
            {
              "version" : 1,
              "task" : "tiny",
              "type" : "classification",
              "label_names" : [ "class 0", "class 1", "class 2" ],
              "metrics" : [ "accuracy", "macro-f1" ],
              "pooling" : "mean",
              "activation" : "tanh",
              "outputs" : 3,
              "encoder" : {
                "modelUri" : "%s",
                "modelSha256" : "%s",
                "model" : {
                  "modelType" : "bert",
                  "vocabSize" : 50,
                  "hiddenSize" : 8,
                  "numHiddenLayers" : 2,
                  "numAttentionHeads" : 2,
                  "intermediateSize" : 16,
                  "maxPositionEmbeddings" : 24,
                  "typeVocabSize" : 2,
                  "layerNormEps" : 1.0E-12,
                  "hiddenAct" : "gelu",
                  "padTokenId" : 0
                },
                "device" : "cuda",
                "precision" : "bf16",
                "weights" : "packed",
                "activations" : "kept",
                "threads" : 1,
                "targets" : [ "QUERY", "VALUE" ],
                "schedule" : {
                  "rank" : 4,
                  "minRank" : 1,
                  "g0" : 1.0,
                  "depthSlope" : 0.0,
                  "prefixShare" : 0.5,
                  "law" : "PREFIX_MIXTURE",
                  "overTime" : "CONSTANT",
                  "overDepth" : "FLAT",
                  "coupling" : "INDEPENDENT",
                  "scale" : "ALPHA_OVER_WIDTH",
                  "update" : "WINDOW",
                  "shared" : false,
                  "granularity" : "STEP",
                  "alpha" : 8.0
                },
                "totalSteps" : 20,
                "seed" : 1,
                "dropout" : 0.1,
                "freezeA" : false,
                "pooling" : "MEAN"
              }
            }
            """;

    private static final String ROBERTA_REGRESSION =
            """
            {
              "version" : 1,
              "task" : "tiny",
              "type" : "regression",
              "label_names" : [ ],
              "metrics" : [ "pearson" ],
              "pooling" : "first_token",
              "activation" : "tanh",
              "outputs" : 1,
              "encoder" : {
                "modelUri" : "%s",
                "modelSha256" : "%s",
                "model" : {
                  "modelType" : "roberta",
                  "vocabSize" : 50,
                  "hiddenSize" : 8,
                  "numHiddenLayers" : 2,
                  "numAttentionHeads" : 2,
                  "intermediateSize" : 16,
                  "maxPositionEmbeddings" : 26,
                  "typeVocabSize" : 1,
                  "layerNormEps" : 1.0E-5,
                  "hiddenAct" : "gelu",
                  "padTokenId" : 1
                },
                "device" : "nd4j",
                "precision" : "f32",
                "weights" : "packed",
                "activations" : "kept",
                "threads" : 1,
                "targets" : [ "QUERY", "KEY", "VALUE", "ATTENTION_OUTPUT", "INTERMEDIATE", "OUTPUT" ],
                "schedule" : {
                  "rank" : 4,
                  "minRank" : 1,
                  "g0" : 1.0,
                  "depthSlope" : 0.0,
                  "prefixShare" : 0.5,
                  "law" : "PREFIX_MIXTURE",
                  "overTime" : "CONSTANT",
                  "overDepth" : "FLAT",
                  "coupling" : "INDEPENDENT",
                  "scale" : "ALPHA_OVER_SQRT_WIDTH",
                  "update" : "WINDOW",
                  "shared" : false,
                  "granularity" : "STEP",
                  "alpha" : 8.0
                },
                "totalSteps" : 20,
                "seed" : 1,
                "dropout" : 0.0,
                "freezeA" : true,
                "pooling" : "FIRST_TOKEN"
              }
            }
            """;

    @TempDir
    private Path folder;

    private final Configuration hadoop = new Configuration();

    @Test
    void aClassifierThatWasTrainedOnAGpuPredictsOnTheCpu() throws IOException {
        TinyLearners tiny = learners(TinyBaseModel.bert(2));
        tiny.dropout = 0.1;
        requireReadAs(TinyAdapters.random(tiny, "accuracy", "macro-f1"), CLASSIFIER_ON_A_GPU, tiny);
    }

    @Test
    void aRegressionOnAllProjectionsOfARobertaIsReadToo() throws IOException {
        TinyLearners tiny = learners(TinyBaseModel.roberta(2)).regression();
        tiny.scale = Scale.ALPHA_OVER_SQRT_WIDTH;
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.freezeA = true;
        requireReadAs(onTheFirstToken(TinyAdapters.random(tiny, "pearson")), ROBERTA_REGRESSION, tiny);
    }

    /** With the head that version 1 had there: the layers of the other one. */
    private static TrainedAdapter onTheFirstToken(TrainedAdapter adapter) {
        HeadSpec head = adapter.head();
        return new TrainedAdapter(
                adapter.base(),
                adapter.architecture(),
                adapter.adapter(),
                new HeadSpec(
                        HeadSpec.Readout.FIRST_TOKEN,
                        head.width(),
                        head.outputs(),
                        head.loss(),
                        head.layers(),
                        head.dropout()),
                adapter.task(),
                adapter.type(),
                adapter.labelNames(),
                adapter.metrics(),
                adapter.parameters());
    }

    private TinyLearners learners(Architecture architecture) {
        return new TinyLearners(TinyBaseModel.write(folder.resolve("model"), architecture))
                .on(DeviceChoice.CPU, Precision.F32);
    }

    /** An adapter with the description of version 1 is the one with its own, and predicts the same. */
    private void requireReadAs(TrainedAdapter adapter, String description, TinyLearners tiny) throws IOException {
        AdapterFiles.write(adapter, TokenizerFiles.NONE, at("adapter"), hadoop);
        Files.writeString(
                folder.resolve("adapter/head_config.json"),
                description.formatted(adapter.base().name(), adapter.base().sha256()));
        TrainedAdapter read = AdapterFiles.read(at("adapter"), hadoop);
        assertThat(read).usingRecursiveComparison().isEqualTo(adapter);
        float[][] outputs = outputs(read, tiny);
        assertThat(outputs).isDeepEqualTo(outputs(adapter, tiny));
        assertThat(outputs[0]).isNotEqualTo(outputs[1]);
    }

    private static float[][] outputs(TrainedAdapter adapter, TinyLearners tiny) {
        List<Selection> selections =
                List.of(new Selection(adapter, new Window(0, 4)), new Selection(adapter, new Window(1, 3)));
        float[][] outputs = new float[selections.size()][];
        try (Predictor predictor = new Predictor(adapter.base().name(), tiny.compute(), selections)) {
            predictor.run(tiny.batch(1, 5, 3), (selection, values) -> outputs[selection] = values);
        }
        return outputs;
    }

    @Test
    void aDescriptionThatWasChangedIsRefusedByWhatIsWrong() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(learners(TinyBaseModel.bert(2)), "accuracy");
        AdapterFiles.write(adapter, TokenizerFiles.NONE, at("adapter"), hadoop);
        String text = CLASSIFIER_ON_A_GPU.formatted(
                adapter.base().name(), adapter.base().sha256());
        requireRefused(text.replace("\"alpha\"", "\"beta\""), "Missing creator property 'alpha'");
        requireRefused(text.replace("\"encoder\"", "\"decoder\""), "Missing creator property 'encoder'");
        requireRefused(text.replace("\"gelu\"", "\"swish\""), "hidden_act swish");
        requireRefused(text.replace("\"QUERY\"", "\"QUERIES\""), "QUERIES");
    }

    private void requireRefused(String text, String reason) throws IOException {
        Files.writeString(folder.resolve("adapter/head_config.json"), text);
        assertThatThrownBy(() -> AdapterFiles.read(at("adapter"), hadoop))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("head_config.json: is not the description of an adapter (")
                .hasMessageContaining(reason);
    }

    private org.apache.hadoop.fs.Path at(String name) {
        return new org.apache.hadoop.fs.Path(folder.resolve(name).toUri());
    }
}
