package org.erat.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.safetensors.TensorSource;
import org.erat.export.Resize.Kept;
import org.erat.export.Resize.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters that PEFT has written; {@code lora_adapters.py} has made them, and what torch makes of them at each rank. */
class ResizeTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path adapter(String name) throws IOException {
        Path copy = folder.resolve(name);
        if (!Files.exists(copy)) {
            FileUtils.copyDirectory(
                    new File(ResizeTest.class.getResource("lora/" + name).getPath()), copy.toFile());
            Files.delete(copy.resolve("expected.json"));
        }
        return copy;
    }

    private static JsonNode expected(String name) throws IOException {
        return JSON.readTree(ResizeTest.class.getResource("lora/" + name + "/expected.json"));
    }

    private Kept resize(String name, Target target) throws IOException {
        return resize(adapter(name), target);
    }

    private Kept resize(Path adapter, Target target) {
        return Resize.write(hadoop(adapter), target, hadoop(folder.resolve("out")), new Configuration());
    }

    private static org.apache.hadoop.fs.Path hadoop(Path path) {
        return new org.apache.hadoop.fs.Path(path.toUri());
    }

    /** Products of about 1, rounded to the type that is stored: half a unit in the last place of A and of B. */
    @ParameterizedTest
    @CsvSource({"plain, 1e-6", "patterns, 1e-6", "rslora, 2e-3", "bfloat16, 1.6e-2"})
    void everyModuleIsTheClosestOfItsRank(String name, double tolerance) throws IOException {
        for (int rank = 1; rank <= 6; rank++) {
            int most = name.equals("patterns") ? 6 : name.equals("rslora") ? 5 : 4;
            if (rank <= most) {
                resize(name, new Target.Rank(rank));
                requireProducts(name, rank, tolerance);
            }
        }
    }

    private void requireProducts(String name, int rank, double tolerance) throws IOException {
        try (PeftReader peft = new PeftReader(folder.resolve("out"), PeftReader.Version.NEW)) {
            JsonNode expected = expected(name);
            for (Iterator<String> modules = expected.fieldNames(); modules.hasNext(); ) {
                String module = modules.next();
                int kept = Math.min(rank, expected.get(module).size());
                assertThat(peft.rank(module)).as(module).isEqualTo(kept);
                assertThat(peft.adapts(module)).isTrue();
                JsonNode product = expected.get(module).get(Integer.toString(kept));
                requireProduct(peft, module, kept, product, tolerance);
            }
        }
    }

    private static void requireProduct(PeftReader peft, String module, int rank, JsonNode product, double tolerance) {
        int out = product.size();
        int in = product.get(0).size();
        boolean embedding = module.equals("embed");
        String key = "base_model.model." + module + (embedding ? ".lora_embedding_" : ".lora_");
        String ending = embedding ? "" : ".weight";
        FloatBuffer a = peft.tensors().requireFloats(key + "A" + ending, rank, in);
        FloatBuffer b = peft.tensors().requireFloats(key + "B" + ending, out, rank);
        boolean root = peft.config().get("use_rslora").asBoolean();
        double scale = peft.alpha(module) / (root ? Math.sqrt(rank) : (double) rank);
        double farthest = 0;
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                double value = 0;
                for (int r = 0; r < rank; r++) {
                    value += scale * b.get(o * rank + r) * a.get(r * in + i);
                }
                farthest = Math.max(
                        farthest, Math.abs(value - product.get(o).get(i).asDouble()));
            }
        }
        assertThat(farthest).as(module + " at rank " + rank).isLessThan(tolerance);
    }

    @Test
    void allElseStaysAsItIs() throws IOException {
        Kept kept = resize("patterns", new Target.Rank(2));
        assertThat(kept.modules()).isEqualTo(7);
        assertThat(kept.ranks()).containsExactly(2, 2);
        // 28 for the embedding; 32 and 16 and 24 for the projections of a layer.
        assertThat(kept.values())
                .containsExactly(4 * 28 + 6 * 32 + 4 * 32 + 2 * 4 * 16 + 2 * 3 * 24, 2 * (28 + 2 * (32 + 16 + 24)));
        JsonNode before =
                JSON.readTree(adapter("patterns").resolve("adapter_config.json").toFile());
        ObjectNode after = (ObjectNode)
                JSON.readTree(folder.resolve("out/adapter_config.json").toFile());
        assertThat(after.get("r").asInt()).isEqualTo(2);
        // The first module is the embedding, of scale 8/4.
        assertThat(after.get("lora_alpha").asDouble()).isEqualTo(4);
        for (String changed : new String[] {"r", "lora_alpha", "rank_pattern", "alpha_pattern"}) {
            after.set(changed, before.get(changed));
        }
        assertThat(after).isEqualTo(before);
        assertThat(folder.resolve("out/README.md")).hasContent("An adapter of lora_adapters.py.");
        try (SafetensorsFile old = SafetensorsFile.open(adapter("patterns").resolve("adapter_model.safetensors"));
                SafetensorsFile resized = SafetensorsFile.open(folder.resolve("out/adapter_model.safetensors"))) {
            assertThat(resized.names()).containsExactlyInAnyOrderElementsOf(old.names());
            assertThat(resized.metadata()).isEqualTo(old.metadata());
            assertThat(resized.floats("base_model.model.score.weight"))
                    .isEqualTo(old.floats("base_model.model.score.weight"));
        }
    }

    @ParameterizedTest
    @CsvSource({"rslora, F16", "bfloat16, BF16", "plain, F32"})
    void valuesAreStoredAsTheyWere(String name, Dtype dtype) throws IOException {
        resize(name, new Target.Rank(3));
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("out/adapter_model.safetensors"))) {
            assertThat(file.names())
                    .allSatisfy(tensor -> assertThat(file.info(tensor).dtype()).isEqualTo(dtype));
        }
    }

    @Test
    void energyIsWhatEachModuleKeepsOfItsSquaredNorm() throws IOException {
        Kept all = resize("patterns", new Target.Energy(1));
        assertThat(all.values()[1]).isEqualTo(all.values()[0]);
        assertThat(all.energy()).isCloseTo(1, within(1e-12));
        requireProducts("patterns", 6, 1e-6);

        Kept most = resize("patterns", new Target.Energy(0.9));
        assertThat(most.energy()).isBetween(0.9, 1.0);
        try (PeftReader peft = new PeftReader(folder.resolve("out"), PeftReader.Version.NEW)) {
            JsonNode expected = expected("patterns");
            expected.fields().forEachRemaining(module -> {
                int rank = peft.rank(module.getKey());
                double whole = squares(module.getValue(), module.getValue().size());
                assertThat(squares(module.getValue(), rank)).isGreaterThanOrEqualTo(0.9 * whole);
                assertThat(rank == 1 || squares(module.getValue(), rank - 1) < 0.9 * whole)
                        .isTrue();
            });
        }
    }

    /** Of the product of rank {@code rank}. */
    private static double squares(JsonNode byRank, int rank) {
        double sum = 0;
        for (JsonNode row : byRank.get(Integer.toString(rank))) {
            for (JsonNode value : row) {
                sum += value.asDouble() * value.asDouble();
            }
        }
        return sum;
    }

    @Test
    void aBudgetLeavesModulesOutAndNamesTheOthersInFull() throws IOException {
        Kept kept = resize("patterns", new Target.Budget(60));
        assertThat(kept.values()[1]).isBetween(29L, 60L);
        assertThat(kept.modules()).isLessThan(7);
        try (PeftReader peft = new PeftReader(folder.resolve("out"), PeftReader.Version.NEW)) {
            int adapted = 0;
            for (Iterator<String> modules = expected("patterns").fieldNames(); modules.hasNext(); ) {
                String module = modules.next();
                boolean there = peft.tensors().names().stream().anyMatch(name -> name.contains(module + ".lora_"));
                assertThat(peft.adapts(module)).as(module).isEqualTo(there);
                adapted += there ? 1 : 0;
            }
            assertThat(adapted).isEqualTo(kept.modules());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7})
    void aRankThatTheAdapterDoesNotHaveIsRefused(int rank) {
        assertThatThrownBy(() -> resize("patterns", new Target.Rank(rank)))
                .isInstanceOf(UsageException.class)
                .hasMessage("Rank " + rank + " is not in 1..6, the ranks that the adapter has.");
    }

    @Test
    void aBudgetBelowOneRowAndTheAdapterItselfAsOutputAreRefused() throws IOException {
        assertThatThrownBy(() -> resize("plain", new Target.Budget(15)))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("A budget of 15 values is less than the first row needs");
        Path same = adapter("plain");
        assertThatThrownBy(() -> Resize.write(hadoop(same), new Target.Rank(1), hadoop(same), new Configuration()))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("is the adapter itself, which must stay");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "peft_type|\"ADALORA\"|peft_type is 'ADALORA'. Only LORA adapters have ranks that can be changed",
                "use_dora|true|use_dora is set",
                "kasa_config|{}|kasa_config is set",
                "init_lora_weights|\"pissa_niter_4\"|init_lora_weights is 'pissa_niter_4', which changes the base model",
                "r|5|lora_A.weight has rank 4, but adapter_config.json says 5",
                "rank_pattern|{\"qkv(\": 3}|'qkv(' in rank_pattern is no regular expression"
            })
    void aConfigurationThatCannotBeResizedIsRefusedByName(String key, String value, String message) throws IOException {
        Path adapter = adapter("plain");
        Path file = adapter.resolve("adapter_config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        config.set(key, JSON.readTree(value));
        Files.writeString(file, config.toString());
        requireRefused(adapter, message);
    }

    @Test
    void tensorsThatCannotBeResizedAreRefusedByName() throws IOException {
        String a = "base_model.model.layers.0.qkv.lora_A.weight";
        requireRefused(changed(tensors -> tensors.put(a, zeros(4, 0))), "shapes of " + a + " [4, 0] and");
        requireRefused(changed(tensors -> tensors.put(a, zeros(3, 8))), "shapes of " + a + " [3, 8] and");
        requireRefused(
                changed(tensors -> tensors.put(a, new TensorSource(new long[] {4, 8}, () -> FloatBuffer.allocate(32)
                        .put(5, Float.NaN)))),
                "tensor '" + a + "' has a value that is not finite");
        requireRefused(
                changed(tensors -> tensors.remove("base_model.model.layers.0.qkv.lora_B.weight")),
                "tensor 'base_model.model.layers.0.qkv.lora_B.weight' is missing");
        requireRefused(changed(Map::clear), "holds no lora_A and lora_B");
        Path adapter = adapter("plain");
        Files.delete(adapter.resolve("adapter_model.safetensors"));
        requireRefused(adapter, "adapter_model.safetensors: is missing");
        Files.writeString(adapter.resolve("adapter_model.bin"), "");
        requireRefused(adapter, "adapter_model.bin: is a Python pickle");
        requireRefused(folder.resolve("nowhere"), "adapter_config.json: is missing");
    }

    private static TensorSource zeros(long... shape) {
        return new TensorSource(shape, () -> FloatBuffer.allocate((int) (shape[0] * shape[1])));
    }

    private Path changed(Consumer<Map<String, TensorSource>> change) throws IOException {
        Path adapter = adapter("plain");
        Path file = adapter.resolve("adapter_model.safetensors");
        Path original = new File(ResizeTest.class
                        .getResource("lora/plain/adapter_model.safetensors")
                        .getPath())
                .toPath();
        try (SafetensorsFile old = SafetensorsFile.open(original)) {
            Map<String, TensorSource> tensors = new LinkedHashMap<>();
            old.names()
                    .forEach(name ->
                            tensors.put(name, new TensorSource(old.info(name).shape(), () -> old.floats(name))));
            change.accept(tensors);
            SafetensorsWriter.writeStreaming(file, tensors, old.metadata());
        }
        return adapter;
    }

    private void requireRefused(Path adapter, String message) {
        assertThatThrownBy(() -> resize(adapter, new Target.Rank(1)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
        assertThat(folder.resolve("out")).doesNotExist();
    }
}
