package org.erat.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.erat.adapter.AdapterLayout;
import org.erat.config.RowOrder;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.data.architecture.Family.StoredProjection;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.TinyLearners;
import org.erat.model.ReferenceDecoders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters of causal language models as PEFT has them. ΔW by plain loops over the layout's own rows is what is expected. */
class LanguageModelExportTest {
    /** Rounding of B to a float where the scale is folded into it, of values of about 1. */
    private static final double ROUNDING = 1e-6;

    private final Configuration hadoop = new Configuration();

    @TempDir
    private Path folder;

    private TinyLearners tiny(String name, Set<Projection> projections) throws IOException {
        ReferenceDecoders.write(folder.resolve("source"), ReferenceDecoders.named(name), Dtype.F32);
        Path prepared = folder.resolve("prepared");
        BaseModelImporter.importModel(folder.resolve("source").toString(), prepared, line -> {});
        TinyLearners tiny = TinyLearners.over(prepared);
        tiny.task = TaskType.LANGUAGE_MODELING;
        tiny.projections = projections;
        return tiny;
    }

    private void write(TrainedAdapter adapter, PeftAdapter peft) {
        AdapterFiles.write(adapter, peft, TokenizerFiles.NONE, out(), hadoop);
    }

    private org.apache.hadoop.fs.Path out() {
        return new org.apache.hadoop.fs.Path(folder.resolve("out").toUri());
    }

    @Test
    void gpt2sQueryAndValueAreOneAdapterOfTheirFusedModule() throws IOException {
        TrainedAdapter adapter =
                TinyAdapters.random(tiny("gpt2", EnumSet.of(Projection.QUERY, Projection.VALUE, Projection.OUTPUT)));
        write(adapter, Export.uniform(adapter, 3, false));
        try (PeftReader peft = new PeftReader(folder.resolve("out"), PeftReader.Version.NEW)) {
            assertThat(peft.config().get("task_type").asText()).isEqualTo("CAUSAL_LM");
            assertThat(peft.config().get("fan_in_fan_out").asBoolean()).isTrue();
            assertThat(peft.config().get("modules_to_save").isNull()).isTrue();
            assertThat(peft.config().get("target_modules").toString())
                    .isEqualTo("[\"transformer.h.0.attn.c_attn\",\"transformer.h.0.mlp.c_proj\","
                            + "\"transformer.h.1.attn.c_attn\",\"transformer.h.1.mlp.c_proj\"]");
            assertThat(peft.config().get("r").asInt()).isEqualTo(6);
            assertThat(peft.config().get("lora_alpha").asInt()).isEqualTo(16);
            assertThat(peft.config().get("rank_pattern").toString())
                    .isEqualTo("{\"h\\\\.0\\\\.mlp\\\\.c_proj\":3,\"h\\\\.1\\\\.mlp\\\\.c_proj\":3}");
            assertThat(peft.config()
                            .get("alpha_pattern")
                            .get("h\\.0\\.mlp\\.c_proj")
                            .asInt())
                    .isEqualTo(8);
            // The key's outputs, between those of query and value, have no adapter.
            FloatBuffer b =
                    peft.tensors().requireFloats("base_model.model.transformer.h.1.attn.c_attn.lora_B.weight", 48, 6);
            for (int o = 16; o < 32; o++) {
                for (int r = 0; r < 6; r++) {
                    assertThat(b.get(o * 6 + r)).isZero();
                }
            }
        }
        assertThat(folder.resolve("out/head_config.json")).exists();
        assertThat(folder.resolve("out/head.safetensors")).doesNotExist();
    }

    @Test
    void llamasProjectionsAreModulesOfTheirOwn() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(
                tiny("llama with llama3 scaling", EnumSet.of(Projection.QUERY, Projection.VALUE, Projection.GATE)));
        write(adapter, Export.uniform(adapter, 3, false));
        try (PeftReader peft = new PeftReader(folder.resolve("out"), PeftReader.Version.NEW)) {
            assertThat(peft.config().get("task_type").asText()).isEqualTo("CAUSAL_LM");
            assertThat(peft.config().get("fan_in_fan_out").asBoolean()).isFalse();
            assertThat(peft.config().get("r").asInt()).isEqualTo(3);
            assertThat(peft.config().get("lora_alpha").asInt()).isEqualTo(8);
            assertThat(peft.config().get("rank_pattern")).isEmpty();
            assertThat(peft.tensors().names())
                    .hasSize(12)
                    .contains(
                            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
                            "base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight",
                            "base_model.model.model.layers.1.mlp.gate_proj.lora_B.weight");
        }
    }

    /** {@code LlamaForTokenClassification} calls it {@code score}. */
    @Test
    void aTokenClassifierHasTheNameOfItsFamily() throws IOException {
        TinyLearners tiny = tiny("mistral", EnumSet.of(Projection.QUERY));
        tiny.task = TaskType.TOKEN_CLASSIFICATION;
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        write(adapter, Export.uniform(adapter, 2, false));
        try (PeftReader peft = new PeftReader(folder.resolve("out"), PeftReader.Version.NEW)) {
            assertThat(peft.config().get("modules_to_save").toString()).isEqualTo("[\"score\"]");
            peft.tensors().require("base_model.model.score.weight", 3, 16);
            peft.tensors().require("base_model.model.score.bias", 3);
            assertThat(peft.adapts("model.layers.0.self_attn.q_proj")).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Scale.class)
    void aFusedAdapterIsTheFunctionOfTheSeparateOnesAtAnyRanks(Scale scale) throws IOException {
        TinyLearners tiny = tiny("gpt2", EnumSet.of(Projection.QUERY, Projection.VALUE, Projection.INTERMEDIATE));
        tiny.scale = scale;
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        int slots = adapter.layout().slots().size();
        int[] ranks = new int[slots];
        for (boolean portable : new boolean[] {false, true}) {
            Arrays.fill(ranks, 3);
            write(adapter, Export.uniform(adapter, 3, portable));
            requireDeltas(adapter, ranks);
            Arrays.fill(ranks, 0, slots / 2, 2);
            Arrays.fill(ranks, slots / 2, slots, 1);
            write(adapter, Export.byBlock(adapter, List.of(2, 1), portable));
            requireDeltas(adapter, ranks);
        }
    }

    /** Query and value of one module then have different ranks. */
    @Test
    void aBudgetCutsTheProjectionsOfAFusedModuleApart() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(
                        tiny("gpt2", EnumSet.of(Projection.QUERY, Projection.VALUE, Projection.OUTPUT)))
                .inOrder(RowOrder.CANONICAL);
        for (boolean portable : new boolean[] {false, true}) {
            PeftAdapter peft =
                    Export.within(adapter, RowOrder.CANONICAL, adapter.layout().length() / 3, portable);
            Map<String, List<Integer>> kept = new HashMap<>();
            peft.modules().forEach(module -> kept.put(module.path(), module.kept()));
            int[] ranks = AdaptedModule.of(adapter).stream()
                    .flatMap(module -> kept.getOrDefault(module.path(), List.of(0, 0)).stream()
                            .limit(module.parts().size()))
                    .mapToInt(Integer::intValue)
                    .toArray();
            assertThat(kept.values())
                    .anyMatch(of -> of.size() == 2 && !of.get(0).equals(of.get(1)));
            write(adapter, peft);
            requireDeltas(adapter, ranks);
        }
    }

    /** ΔW of PEFT, old and new, in the rows of each projection's outputs. */
    private void requireDeltas(TrainedAdapter adapter, int[] ranks) throws IOException {
        for (PeftReader.Version version : PeftReader.Version.values()) {
            try (PeftReader peft = new PeftReader(folder.resolve("out"), version)) {
                for (AdapterLayout.Slot slot : adapter.layout().slots()) {
                    StoredProjection stored = adapter.family().stored(slot.block(), slot.projection());
                    String module = "transformer." + stored.module();
                    int rank = ranks[slot.index()];
                    if (!peft.adapts(module)) {
                        assertThat(rank).isZero();
                        continue;
                    }
                    int before = slot.out() * stored.fused().indexOf(slot.projection());
                    double[][] delta =
                            peft.delta(module, slot.out() * stored.fused().size(), slot.in());
                    double[][] expected = delta(adapter, slot, rank);
                    for (int o = 0; o < slot.out(); o++) {
                        assertThat(delta[before + o]).containsExactly(expected[o], within(ROUNDING));
                    }
                }
            }
        }
    }

    /** scale(b)·Σ_{i<b} B[:,i]·A[i,:]. */
    static double[][] delta(TrainedAdapter adapter, AdapterLayout.Slot slot, int rank) {
        double[][] delta = new double[slot.out()][slot.in()];
        for (int row = 0; row < rank; row++) {
            for (int o = 0; o < slot.out(); o++) {
                for (int i = 0; i < slot.in(); i++) {
                    delta[o][i] += adapter.adapter().scale().of(rank)
                            * adapter.parameters()[(int) slot.rowOfB(row) + o]
                            * adapter.parameters()[(int) slot.rowOfA(row) + i];
                }
            }
        }
        return delta;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama with linear scaling", "qwen3"})
    void whatIsWrittenIsReadBackBitByBit(String name) throws IOException {
        TinyLearners tiny = tiny(name, EnumSet.of(Projection.QUERY, Projection.VALUE, Projection.ATTENTION_OUTPUT));
        TrainedAdapter adapter = TinyAdapters.random(tiny, "perplexity");
        AdapterFiles.write(adapter, TokenizerFiles.NONE, out(), hadoop);
        assertThat(AdapterFiles.read(out(), hadoop)).usingRecursiveComparison().isEqualTo(adapter);

        // As a folder that PEFT might have written, cut to rank 2.
        PeftAdapter peft = Export.uniform(adapter, 2, false);
        write(adapter, peft);
        PeftFolder read = PeftFolder.read(out(), FileSystem.getLocal(hadoop));
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("out/adapter_model.safetensors"))) {
            Map<String, PeftFolder.Module> modules = new HashMap<>();
            read.modules(file).forEach(module -> modules.put(module.path(), module));
            assertThat(modules).hasSameSizeAs(peft.modules());
            for (PeftModule module : peft.modules()) {
                PeftFolder.Module found = modules.get(module.path());
                assertThat(found.scale()).isEqualTo(adapter.adapter().scale().of(2));
                assertThat(file.floats(found.keyA())).isEqualTo(module.a().values());
                assertThat(file.floats(found.keyB())).isEqualTo(module.b().values());
            }
        }
    }
}
