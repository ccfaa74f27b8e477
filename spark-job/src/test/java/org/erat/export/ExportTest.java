package org.erat.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.CanonicalOrder;
import org.erat.config.RowOrder;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.data.UsageException;
import org.erat.data.architecture.Projection;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.TinyLearners;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ExportTest {
    private static final int BLOCKS = 12;
    // Both sides start from the same floats; folding the scale into B rounds once more to a float, 6e-8 of its size.
    private static final double ROUNDING = 1e-6;

    @TempDir
    private Path folder;

    private TinyLearners tiny;

    @BeforeEach
    void allProjectionsOfTwelveBlocks() {
        // Nothing here reads the base model.
        tiny = new TinyLearners(folder.resolve("model"), TinyBaseModel.bert(BLOCKS), "ab12");
        tiny.projections = TinyBaseModel.PROJECTIONS;
    }

    @ParameterizedTest
    @EnumSource(Scale.class)
    void peftComputesWhatInferenceAtAUniformRankComputes(Scale scale) throws IOException {
        tiny.scale = scale;
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        for (int rank = 1; rank <= tiny.rank; rank++) {
            for (boolean portable : new boolean[] {false, true}) {
                write(adapter, Export.uniform(adapter, rank, portable));
                requireSameDeltas(adapter, Collections.nCopies(BLOCKS, rank));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Scale.class)
    void peftComputesWhatInferenceWithARankForEachBlockComputes(Scale scale) throws IOException {
        tiny.scale = scale;
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        // Block 1 and block 11 differ, so that an expression for one must not match the other.
        List<Integer> ranks = List.of(3, 1, 0, 2, 3, 3, 1, 0, 2, 3, 1, 2);
        for (boolean portable : new boolean[] {false, true}) {
            write(adapter, Export.byBlock(adapter, ranks, portable));
            requireSameDeltas(adapter, ranks);
        }
    }

    @Test
    void aUniformExportKeepsAlphaAndNeedsNoPatterns() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        write(adapter, Export.uniform(adapter, 3, false));
        try (PeftReader peft = reader(PeftReader.Version.NEW)) {
            assertThat(peft.config().get("peft_type").asText()).isEqualTo("LORA");
            assertThat(peft.config().get("r").asInt()).isEqualTo(3);
            assertThat(peft.config().get("lora_alpha").toString()).isEqualTo("8");
            assertThat(peft.config().get("rank_pattern")).isEmpty();
            assertThat(peft.config().get("alpha_pattern")).isEmpty();
            assertThat(peft.config().get("bias").asText()).isEqualTo("none");
            assertThat(peft.config().get("base_model_name_or_path").asText())
                    .isEqualTo(folder.resolve("model").toString());
            assertThat(peft.tensors().metadata()).isEqualTo(Map.of("format", "pt"));
        }
    }

    @Test
    void ofTwoLikeNamedProjectionsOnlyTheAdaptedOneIsATarget() throws IOException {
        tiny.projections = EnumSet.of(Projection.OUTPUT);
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        write(adapter, Export.uniform(adapter, 2, false));
        try (PeftReader peft = reader(PeftReader.Version.NEW)) {
            assertThat(peft.adapts("bert.encoder.layer.0.output.dense")).isTrue();
            assertThat(peft.adapts("encoder.layer.0.attention.output.dense")).isFalse();
        }
    }

    /** Its keys are those of {@code BertForTokenClassification}, and its head is one that this class has. */
    @Test
    void anExportOfATokenClassifierIsOneOfHuggingFacesWithItsHead() throws IOException {
        tiny.task = TaskType.TOKEN_CLASSIFICATION;
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        List<Integer> ranks = List.of(3, 1, 0, 2, 3, 3, 1, 0, 2, 3, 1, 2);
        write(adapter, Export.byBlock(adapter, ranks, false));
        requireSameDeltas(adapter, ranks);
        try (PeftReader peft = reader(PeftReader.Version.NEW)) {
            assertThat(peft.config().get("task_type").asText()).isEqualTo("TOKEN_CLS");
            assertThat(peft.config().get("modules_to_save").toString()).isEqualTo("[\"classifier\"]");
            assertThat(peft.adapts("bert.encoder.layer.0.attention.self.query")).isTrue();
            assertThat(peft.rank("bert.encoder.layer.1.attention.self.query")).isEqualTo(1);
            assertThat(peft.rank("bert.encoder.layer.11.attention.self.query")).isEqualTo(2);
            float[] head = new float[3 * 8 + 3];
            FloatBuffer weight = peft.tensors().requireFloats("base_model.model.classifier.weight", 3, 8);
            FloatBuffer bias = peft.tensors().requireFloats("base_model.model.classifier.bias", 3);
            weight.get(head, 0, 3 * 8);
            bias.get(head, 3 * 8, 3);
            int from = adapter.parameters().length - head.length;
            assertThat(head).containsExactly(Arrays.copyOfRange(adapter.parameters(), from, from + head.length));
        }
    }

    @Test
    void anExportOfAnotherHeadIsOfTheBareModel() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        write(adapter, Export.uniform(adapter, 2, false));
        try (PeftReader peft = reader(PeftReader.Version.NEW)) {
            assertThat(peft.config().get("task_type").asText()).isEqualTo("FEATURE_EXTRACTION");
            assertThat(peft.config().get("modules_to_save").isNull()).isTrue();
            assertThat(peft.tensors().names()).allMatch(name -> name.startsWith("base_model.model.encoder.layer."));
        }
    }

    @Test
    void anExportOfADistilBertHasItsNames() throws IOException {
        tiny = new TinyLearners(folder.resolve("model"), TinyBaseModel.distilBert(2), "ab12");
        tiny.projections = TinyBaseModel.PROJECTIONS;
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        write(adapter, Export.byBlock(adapter, List.of(3, 2), false));
        requireSameDeltas(adapter, List.of(3, 2));
        try (PeftReader peft = reader(PeftReader.Version.OLD)) {
            for (String module : List.of(
                    "attention.q_lin",
                    "attention.k_lin",
                    "attention.v_lin",
                    "attention.out_lin",
                    "ffn.lin1",
                    "ffn.lin2")) {
                assertThat(peft.adapts("transformer.layer.1." + module)).isTrue();
                assertThat(peft.rank("transformer.layer.1." + module)).isEqualTo(2);
            }
        }
    }

    @Test
    void aPortableExportHasNoPatternsAndAlphaIsTheRank() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        write(adapter, Export.byBlock(adapter, List.of(3, 1, 0, 2, 3, 3, 1, 0, 2, 3, 1, 2), true));
        try (PeftReader peft = reader(PeftReader.Version.NEW)) {
            assertThat(peft.config().get("r").asInt()).isEqualTo(3);
            assertThat(peft.config().get("lora_alpha").asInt()).isEqualTo(3);
            assertThat(peft.config().get("rank_pattern")).isEmpty();
            assertThat(peft.config().get("alpha_pattern")).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Scale.class)
    void inCanonicalOrderAllRowsAreTheSameAdapterAndEveryRankHasTheScaleOfAll(Scale scale) throws IOException {
        tiny.scale = scale;
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        TrainedAdapter canonical = adapter.inOrder(RowOrder.CANONICAL);
        assertThat(adapter.inOrder(RowOrder.TRAINED)).isSameAs(adapter);
        write(canonical, Export.uniform(canonical, 4, false));
        requireSameDeltas(adapter, Collections.nCopies(BLOCKS, 4));
        double ofAll = adapter.adapter().scale().of(4);
        write(canonical, Export.uniform(canonical, 2, false));
        try (PeftReader peft = reader(PeftReader.Version.NEW)) {
            assertThat(peft.config().get("lora_alpha").asDouble()).isCloseTo(2 * ofAll, within(1e-12));
        }
    }

    /** The kept rows are those of the largest σ²/(in + out), their number what fits, and the patterns say where. */
    @Test
    void aBudgetKeepsTheRowsThatContributeMost() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny).inOrder(RowOrder.CANONICAL);
        double[][] sigma =
                CanonicalOrder.of(adapter.layout(), adapter.parameters()).singularValues();
        long all = adapter.layout().length();
        for (long budget : new long[] {all, all / 2, all / 7, 24}) {
            for (boolean portable : new boolean[] {false, true}) {
                write(adapter, Export.within(adapter, RowOrder.CANONICAL, budget, portable));
                double least = Double.POSITIVE_INFINITY;
                double most = 0;
                long values = 0;
                try (PeftReader peft = reader(PeftReader.Version.OLD)) {
                    for (AdapterLayout.Slot slot : adapter.layout().slots()) {
                        String module = adapter.nameOf(slot);
                        int rank = !peft.adapts(module) ? 0 : portable ? kept(peft, module, slot) : peft.rank(module);
                        int length = slot.in() + slot.out();
                        values += (long) rank * length;
                        for (int row = 0; row < 4; row++) {
                            double gain = Math.pow(sigma[slot.index()][row], 2) / length;
                            least = row < rank ? Math.min(least, gain) : least;
                            most = row < rank ? most : Math.max(most, gain);
                        }
                    }
                }
                assertThat(values).isLessThanOrEqualTo(budget);
                // The next row is one of 16 values at least and of 40 at most.
                assertThat(values).isGreaterThan(budget - 40);
                assertThat(least).isGreaterThanOrEqualTo(most);
            }
        }
        requireUsage(
                () -> Export.within(adapter, RowOrder.CANONICAL, 7, false),
                "A budget of 7 values is less than the first row needs, 16.");
    }

    /** Rows of a portable export that are not zero. */
    private static int kept(PeftReader peft, String module, AdapterLayout.Slot slot) {
        int rank = peft.config().get("r").asInt();
        FloatBuffer a = peft.tensors().requireFloats("base_model.model." + module + ".lora_A.weight", rank, slot.in());
        int kept = 0;
        for (int row = 0; row < rank; row++) {
            kept += a.get(row * slot.in()) == 0 ? 0 : 1;
        }
        return kept;
    }

    @ParameterizedTest
    @CsvSource({"0", "5"})
    void aRankThatTheAdapterDoesNotHaveIsRefused(int rank) {
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        requireUsage(
                () -> Export.uniform(adapter, rank, false),
                "Rank " + rank + " is not in 1..4, the ranks that the adapter has.");
    }

    @Test
    void blockRanksThatDoNotFitAreRefused() {
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        requireUsage(
                () -> Export.byBlock(adapter, List.of(1, 2), false),
                "2 block ranks (1,2) for a model of 12 blocks. Give one rank for each block, 0 to leave it out.");
        requireUsage(
                () -> Export.byBlock(adapter, List.of(1, 2, 3, 4, 5, 1, 1, 1, 1, 1, 1, 1), false),
                "Block rank 5 (of 1,2,3,4,5,1,1,1,1,1,1,1) is not in 0..4, the ranks that the adapter has.");
        requireUsage(
                () -> Export.byBlock(adapter, Collections.nCopies(12, 0), false),
                "All block ranks are 0, which leaves no adapter. Give one block 1 or more.");
    }

    private static void requireUsage(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(UsageException.class).hasMessage(message);
    }

    private void write(TrainedAdapter adapter, PeftAdapter peft) {
        AdapterFiles.write(adapter, peft, TokenizerFiles.NONE, hadoop("out"), new Configuration());
    }

    private org.apache.hadoop.fs.Path hadoop(String name) {
        return new org.apache.hadoop.fs.Path(folder.resolve(name).toUri());
    }

    private PeftReader reader(PeftReader.Version version) throws IOException {
        return new PeftReader(folder.resolve("out"), version);
    }

    /** ΔW of PEFT, old and new, against scale(b)·Σ_{i<b} B[:,i]·A[i,:] from the flat parameters. */
    private void requireSameDeltas(TrainedAdapter adapter, List<Integer> ranks) throws IOException {
        for (PeftReader.Version version : PeftReader.Version.values()) {
            try (PeftReader peft = reader(version)) {
                for (AdapterLayout.Slot slot : adapter.layout().slots()) {
                    int rank = ranks.get(slot.block());
                    String module = adapter.nameOf(slot);
                    assertThat(peft.adapts(module)).isEqualTo(rank > 0);
                    assertThat(peft.tensors().names().contains("base_model.model." + module + ".lora_A.weight"))
                            .isEqualTo(rank > 0);
                    if (rank > 0) {
                        requireSame(peft.delta(module, slot.out(), slot.in()), expected(adapter, slot, rank));
                    }
                }
            }
        }
    }

    private double[][] expected(TrainedAdapter adapter, AdapterLayout.Slot slot, int rank) {
        double scale =
                switch (tiny.scale) {
                    case ALPHA_OVER_WIDTH -> tiny.alpha / rank;
                    case ALPHA_OVER_RANK -> tiny.alpha / tiny.rank;
                    case ALPHA_OVER_SQRT_WIDTH -> tiny.alpha / Math.sqrt(rank);
                };
        double[][] delta = new double[slot.out()][slot.in()];
        for (int row = 0; row < rank; row++) {
            for (int o = 0; o < slot.out(); o++) {
                double b = adapter.parameters()[(int) slot.rowOfB(row) + o];
                for (int i = 0; i < slot.in(); i++) {
                    delta[o][i] += scale * b * adapter.parameters()[(int) slot.rowOfA(row) + i];
                }
            }
        }
        return delta;
    }

    private static void requireSame(double[][] actual, double[][] expected) {
        double largest = 0;
        for (int o = 0; o < expected.length; o++) {
            for (int i = 0; i < expected[o].length; i++) {
                largest = Math.max(largest, Math.abs(actual[o][i] - expected[o][i]));
            }
        }
        assertThat(largest).isLessThanOrEqualTo(ROUNDING);
    }
}
