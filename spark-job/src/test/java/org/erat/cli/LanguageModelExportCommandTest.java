package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Window;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.Dtype;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.TinyLearners;
import org.erat.export.AdapterFiles;
import org.erat.export.TinyAdapters;
import org.erat.export.TokenizerFiles;
import org.erat.export.TrainedAdapter;
import org.erat.model.ReferenceDecoders;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The export of a finished run of a causal language model, as an adapter and merged. With {@code -Derat.exports=DIR} the
 * directories stay there with our logits, for {@code exported_decoders.py} to load with PEFT and the transformers library.
 */
class LanguageModelExportCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int RANK = 3;

    @TempDir
    private Path temporary;

    static Stream<String> names() {
        return ReferenceDecoders.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void aRunIsExportedAsAnAdapterAndMerged(String name) throws IOException {
        String kept = System.getProperty("erat.exports");
        Path folder = (kept == null ? temporary : Path.of(kept)).resolve(name.replace(' ', '-'));
        TrainedAdapter adapter = finishedRun(name, folder);
        String export = "export --rank " + RANK + " --order trained --run-dir";
        TinyCommands.shown(TinyCommands.words(export, folder.resolve("run"), "--out", folder.resolve("adapter")));
        TinyCommands.shown(
                TinyCommands.words(export, folder.resolve("run"), "--merged --out", folder.resolve("merged")));

        assertThat(JSON.readTree(folder.resolve("adapter/adapter_config.json").toFile())
                        .path("base_model_name_or_path")
                        .asText())
                .isEqualTo(folder.resolve("source").toString());
        assertThat(folder.resolve("merged/model.safetensors")).exists();
        assertThat(folder.resolve("merged/adapter_config.json")).doesNotExist();
        writeLogits(adapter, folder);
    }

    /** A run directory with an adapter of random values, as training leaves one. */
    private static TrainedAdapter finishedRun(String name, Path folder) throws IOException {
        ReferenceDecoders.write(folder.resolve("source"), ReferenceDecoders.named(name), Dtype.F32);
        Path prepared = folder.resolve("prepared");
        BaseModelImporter.importModel(folder.resolve("source").toString(), prepared, line -> {});
        TinyLearners tiny = TinyLearners.over(prepared);
        tiny.task = TaskType.LANGUAGE_MODELING;
        tiny.alpha = 1;
        tiny.projections = EnumSet.copyOf(tiny.spec().architecture().projections());
        TrainedAdapter adapter = TinyAdapters.random(tiny, "perplexity");
        Path run = Files.createDirectories(folder.resolve("run"));
        Files.writeString(run.resolve("config.conf"), "");
        Files.writeString(run.resolve("_SUCCESS"), "");
        AdapterFiles.write(
                adapter,
                TokenizerFiles.NONE,
                new org.apache.hadoop.fs.Path(run.resolve("adapter").toUri()),
                new Configuration());
        return adapter;
    }

    private static void writeLogits(TrainedAdapter adapter, Path folder) throws IOException {
        AdapterLayout layout = adapter.layout();
        double[] values = IntStream.range(0, (int) layout.length())
                .mapToDouble(i -> adapter.parameters()[i])
                .toArray();
        RowSelection rows =
                RowSelection.of(new Window(0, RANK), adapter.adapter().scale().of(RANK));
        ObjectNode expected = JSON.createObjectNode();
        expected.set("examples", JSON.valueToTree(ReferenceDecoders.examples()));
        for (int[] ids : ReferenceDecoders.examples()) {
            double[] logits = ReferenceDecoders.logits(folder.resolve("prepared"), layout, values, rows, ids);
            expected.withArray("logits").add(JSON.valueToTree(logits));
        }
        Files.writeString(folder.resolve("expected.json"), expected.toString());
    }
}
