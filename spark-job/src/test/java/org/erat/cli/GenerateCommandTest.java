package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.compute.Tensor;
import org.erat.config.ComputeSettings;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.model.BaseModel;
import org.erat.model.ModelRuntime;
import org.erat.model.OutputLayer;
import org.erat.model.TinyBaseModel;
import org.erat.model.TinyDecoder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command {@code generate} from the command line to its file. */
class GenerateCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> PROMPTS = List.of("a b d", "q", "k l m n o p q r s t", "b", "w v");
    private static final int END = 2;

    @TempDir
    private static Path folder;

    private static Path model;
    private static Path prompts;

    @BeforeAll
    static void prepare() throws IOException {
        TinyCommands.onTwoCores();
        model = TinyDecoder.write(folder);
        prompts = folder.resolve("prompts.jsonl");
        Files.write(
                prompts,
                PROMPTS.stream().map(text -> "{\"prompt\": \"" + text + "\"}").toList());
    }

    @AfterAll
    static void forget() {
        TinyCommands.forgetSpark();
    }

    private static List<JsonNode> generate(String options) throws IOException {
        Path out = folder.resolve("out.jsonl");
        TinyCommands.shown(TinyCommands.words("generate --model", model, "--input", prompts, "--out", out, options));
        List<JsonNode> lines = lines(out);
        assertThat(lines).hasSize(PROMPTS.size());
        return lines;
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    /** Against passes over whole sequences, one by one. */
    @Test
    void greedyCompletionsAreThoseOfUncachedPassesInTheOrderOfThePrompts() throws IOException {
        List<JsonNode> lines = generate("--max-new-tokens 9 --batch-size 2");
        ComputeSettings compute = JobConfig.parse("model.path = none, data.train = none", "a test", List.of())
                .compute();
        BaseModel base = BaseModel.describe(model.toString(), new Configuration());
        try (ModelRuntime runtime =
                ModelRuntime.acquire(base.uri(), base.weightsSha256(), base.architecture(), compute)) {
            for (int i = 0; i < lines.size(); i++) {
                JsonNode line = lines.get(i);
                assertThat(line.path("id").asInt()).isEqualTo(i);
                assertThat(line.path("prompt").asText()).isEqualTo(PROMPTS.get(i));
                List<Integer> tokens = new ArrayList<>();
                PROMPTS.get(i).chars().filter(c -> c != ' ').forEach(c -> tokens.add(c - 'a'));
                int given = tokens.size();
                while (tokens.size() < given + 9 && tokens.get(tokens.size() - 1) != END) {
                    tokens.add(next(runtime, tokens));
                }
                boolean ended = tokens.get(tokens.size() - 1) == END;
                List<Integer> completion = tokens.subList(given, ended ? tokens.size() - 1 : tokens.size());
                StringBuilder text = new StringBuilder();
                completion.forEach(token -> text.append(' ').append((char) ('a' + token)));
                assertThat(line.path("completion").asText()).isEqualTo(text.toString());
                assertThat(line.path("tokens").asInt()).isEqualTo(completion.size());
                assertThat(line.path("reason").asText()).isEqualTo(ended ? "end" : "length");
            }
        }
    }

    private static int next(ModelRuntime runtime, List<Integer> tokens) {
        int[] ids = tokens.stream().mapToInt(Integer::intValue).toArray();
        Batch batch = new Batch(
                ids, new int[ids.length], new int[] {ids.length}, new long[1], new Targets.Unknown(new int[0]));
        Adapters none = Adapters.none(new AdapterLayout(runtime.transformer().architecture(), 1, List.of()), null);
        float[] logits = new float[23];
        runtime.transformer().infer(batch, List.of(none), (selection, hidden) -> {
            try (Tensor states = runtime.kernels().tokens().gather(hidden, new int[] {ids.length - 1});
                    OutputLayer.Pass pass = runtime.output().forward(states);
                    Tensor row = runtime.output().logits(pass)) {
                runtime.kernels().memory().download(row, FloatBuffer.wrap(logits));
            }
        });
        return IntStream.range(0, logits.length)
                .reduce((one, other) -> logits[other] > logits[one] ? other : one)
                .orElseThrow();
    }

    @Test
    void whatIsDrawnDependsOnTheSeedAndNotOnTheBatches() throws IOException {
        List<JsonNode> lines = generate("--temperature 1.5 --top-k 9 --seed 4 --batch-size 1");
        assertThat(generate("--temperature 1.5 --top-k 9 --seed 4 --batch-size 3"))
                .isEqualTo(lines);
        assertThat(generate("--temperature 1.5 --top-k 9 --seed 5 --batch-size 3"))
                .isNotEqualTo(lines);
    }

    /** Two completions of one prompt are two examples and one prompt; the adapter of rank 0 is the base model. */
    @Test
    void promptsOfADataSetAreCompletedOnceEachByTheAdapterOfARun() throws IOException {
        Files.writeString(model.resolve("tokenizer_config.json"), "{\"eos_token\": \"c\"}");
        Path rows = folder.resolve("rows");
        Files.createDirectories(rows);
        Files.writeString(
                rows.resolve("train.jsonl"),
                "{\"p\": \"a b\", \"c\": \"d e\"}\n{\"p\": \"f\", \"c\": \"g\"}\n".repeat(8));
        Files.writeString(
                rows.resolve("dev.jsonl"),
                "{\"p\": \"b a\", \"c\": \"d\"}\n{\"p\": \"q\", \"c\": \"e\"}\n{\"p\": \"b a\", \"c\": \"f\"}\n");
        Path data = folder.resolve("data");
        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format jsonl --type language-modeling --prompt p --completion c --input",
                rows,
                "--model",
                model,
                "--out",
                data));
        Path run = folder.resolve("run");
        TinyCommands.shown(TinyCommands.words(
                "train --conf ../conf/glue.conf --run-dir",
                run,
                "--set model.path=" + model,
                "--set data.train=" + data,
                "--set training.batch-size=4 --set training.learning-rate=0.05 --set evaluation.suffixes=false"));

        List<JsonNode> trained = generate(8, run, data);

        assertThat(trained).extracting(line -> line.path("prompt").asText()).containsExactly("b a", "q");
        assertThat(trained).extracting(line -> line.path("id").asInt()).containsExactly(0, 1);
        List<JsonNode> base = generate(0, run, data);
        assertThat(base).isNotEqualTo(trained);
        Path out = folder.resolve("base.jsonl");
        TinyCommands.shown(TinyCommands.words("generate --model", model, "--input", data, "--out", out));
        assertThat(lines(out)).isEqualTo(base);
    }

    private static List<JsonNode> generate(int rank, Path run, Path data) throws IOException {
        Path out = folder.resolve("rank-" + rank + ".jsonl");
        TinyCommands.shown(
                TinyCommands.words("generate --run-dir", run, "--rank " + rank + " --input", data, "--out", out));
        return lines(out);
    }

    @Test
    void beamsDoNotDependOnTheBatches() throws IOException {
        String beams = "--beams 3 --length-penalty 0.8 --no-repeat-ngram 2 --max-new-tokens 12 --batch-size ";
        assertThat(generate(beams + 1)).isEqualTo(generate(beams + 4));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--beams 0 | 2 | --beams 0 is below 1",
                "--temperature 0 | 2 | --temperature 0.0 is not above 0",
                "--beams 2 --top-k 3 | 2 | Choose one of both",
                "--length-penalty 1 | 2 | Name a number of --beams",
                "--rank 2 | 2 | Name its run with --run-dir",
                "--split train | 2 | is a file of prompts",
                "--set training.epochs=2 | 2 | Only settings of compute",
                "--prompt text | 3 | has no column 'text'"
            })
    void optionsThatCannotBeUsedAreExplained(String options, int code, String message) {
        refuses(TinyCommands.words("generate --model", model, "--input", prompts, "--out o", options), code, message);
    }

    private static void refuses(String[] command, int code, String message) {
        TinyCommands.Ended ended = TinyCommands.run(command);
        assertThat(ended.error()).contains(message);
        assertThat(ended.code()).isEqualTo(code);
    }

    @Test
    void promptsThatCannotBeContinuedAreNamed() throws IOException {
        Path file = folder.resolve("wrong.jsonl");
        String[] command = TinyCommands.words("generate --model", model, "--input", file, "--out", folder.resolve("o"));
        Files.writeString(file, "{\"prompt\": \"a\"}\n\n{\"prompt\": \"" + "a ".repeat(32) + "\"}\n");
        refuses(command, 3, "wrong.jsonl, line 3: the prompt has 32 tokens");
        Files.writeString(file, "{\"prompt\": \"a\"}\n{\"prompt\": \" \"}\n");
        refuses(command, 3, "wrong.jsonl, line 2: 'prompt' is empty");
        Files.writeString(file, "\n");
        refuses(command, 3, "wrong.jsonl has no prompts");
    }

    @Test
    void modelsThatCannotGenerateAreNamed() throws IOException {
        Path encoder = folder.resolve("encoder");
        TinyBaseModel.writeMasked(encoder, TinyBaseModel.bert(1));
        refuses(
                TinyCommands.words("generate --model", encoder, "--input", prompts, "--out o"),
                3,
                "models of the family bert are encoders");
        refuses(
                TinyCommands.words("generate --input", prompts, "--out o"),
                2,
                "Name a run with --run-dir, or a base model with --model");
    }
}
