package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.erat.compute.Tensor;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.export.AdapterFiles;
import org.erat.export.TrainedAdapter;
import org.erat.inference.Selection;
import org.erat.model.BaseModel;
import org.erat.model.ModelRuntime;
import org.erat.model.OutputLayer;
import org.erat.model.TinyBaseModel;
import org.erat.prefix.PassInputs;
import org.erat.textmetric.GenerationScores;
import org.erat.textmetric.Segment;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code generate} and {@code evaluate --generate} with adapters that make a BERT a prefix language model. */
class PrefixGenerateCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int RANK = 4;
    private static final int NEW_TOKENS = 7;
    private static final int CLS = 2;
    private static final int SEP = 3;

    /** Ids of [PAD], [UNK], [CLS], [SEP] and [MASK] are below. */
    private static final int FIRST_WORD = 5;

    /** Prompts of the validation set, each once, with the ids of their first examples. */
    private static final Map<Long, String> PROMPTS = Map.of(0L, "the dog", 1L, "a b c very good cat", 3L, "q");

    private static final List<List<String>> REFERENCES =
            List.of(List.of("sat.", "ran very good"), List.of("the cat ran"), List.of("not"));

    @TempDir
    private static Path folder;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void train() throws IOException {
        TinyCommands.onTwoCores();
        model = folder.resolve("model");
        TinyBaseModel.writeMasked(model, TinyBaseModel.bert(2));
        Path rows = Files.createDirectories(folder.resolve("rows"));
        Files.writeString(
                rows.resolve("train.jsonl"),
                (row("the cat", "sat .") + row("dog", "ran very good") + row("a b", "c d e f")).repeat(6));
        Files.writeString(
                rows.resolve("dev.jsonl"),
                row("the dog", "sat.")
                        + row("a b c very good cat", "the cat ran")
                        + row("the dog", "ran very good")
                        + row("q", "not"));
        data = folder.resolve("data");
        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format jsonl --type language-modeling --prompt p --completion c --input",
                rows,
                "--model",
                model,
                "--out",
                data));
        for (String objective : List.of("pseudo-mask", "causal")) {
            TinyCommands.shown(TinyCommands.words(
                    "train --conf ../conf/glue.conf --run-dir",
                    folder.resolve(objective),
                    "--set model.path=" + model,
                    "--set data.train=" + data,
                    "--set prefix.objective=" + objective,
                    "--set adapter.rank=" + RANK,
                    "--set training.batch-size=4 --set training.learning-rate=0.05 --set evaluation.suffixes=false"));
        }
    }

    private static String row(String prompt, String completion) {
        return "{\"p\": \"" + prompt + "\", \"c\": \"" + completion + "\"}\n";
    }

    @AfterAll
    static void forget() {
        TinyCommands.forgetSpark();
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static List<JsonNode> generate(String objective, int rank, Path input, String options) throws IOException {
        Path out = folder.resolve("out.jsonl");
        TinyCommands.shown(TinyCommands.words(
                "generate --run-dir",
                folder.resolve(objective),
                "--rank " + rank + " --max-new-tokens " + NEW_TOKENS + " --input",
                input,
                "--out",
                out,
                options));
        return lines(out);
    }

    /** Against passes as training forms them, of whole texts one by one. */
    @ParameterizedTest
    @CsvSource({"pseudo-mask, 4", "pseudo-mask, 0", "causal, 4", "causal, 0"})
    void greedyCompletionsAreThoseOfTrainingPasses(String objective, int rank) throws IOException {
        List<JsonNode> lines = generate(objective, rank, data, "--batch-size 2");
        assertThat(lines).hasSize(PROMPTS.size());
        TrainedAdapter adapter = AdapterFiles.read(
                new org.apache.hadoop.fs.Path(folder + "/" + objective + "/adapter"), new Configuration());
        List<String> vocabulary = vocabulary();
        BaseModel base = BaseModel.describe(model.toString(), new Configuration());
        try (ModelRuntime runtime = ModelRuntime.acquire(
                base.uri(),
                base.weightsSha256(),
                base.architecture(),
                JobConfig.parse("model.path = none, data.train = none", "a test", List.of())
                        .compute())) {
            for (JsonNode line : lines) {
                String prompt = PROMPTS.get(line.path("id").asLong());
                assertThat(line.path("prompt").asText()).isEqualTo(prompt);
                List<Integer> tokens = new ArrayList<>(List.of(CLS));
                Stream.of(prompt.split(" ", -1)).forEach(word -> tokens.add(vocabulary.indexOf(word)));
                tokens.add(SEP);
                int source = tokens.size();
                do {
                    tokens.add(next(runtime, Selection.prefix(adapter, rank), tokens, source));
                } while (tokens.size() < source + NEW_TOKENS && tokens.get(tokens.size() - 1) != SEP);
                boolean ended = tokens.get(tokens.size() - 1) == SEP;
                List<Integer> completion = tokens.subList(source, ended ? tokens.size() - 1 : tokens.size());
                assertThat(line.path("tokens").asInt()).isEqualTo(completion.size());
                assertThat(line.path("reason").asText()).isEqualTo(ended ? "end" : "length");
                StringBuilder text = new StringBuilder();
                completion.forEach(token -> text.append(' ').append(vocabulary.get(token)));
                // A first token that is no beginning of a word keeps its mark.
                String joined = text.toString().strip().replace(" ##", "").replaceAll(" (?=[.,])", "");
                assertThat(line.path("completion").asText()).isEqualTo(joined);
            }
        }
    }

    /** Words by id. */
    private static List<String> vocabulary() throws IOException {
        String[] words = new String[TinyBaseModel.VOCABULARY];
        JSON.readTree(model.resolve("tokenizer.json").toFile())
                .path("model")
                .path("vocab")
                .fields()
                .forEachRemaining(word -> words[word.getValue().asInt()] = word.getKey());
        return Arrays.asList(words);
    }

    /** The likeliest token but for special ones other than the end, by the evaluation pass over the text with any next token. */
    private static int next(ModelRuntime runtime, Selection selection, List<Integer> tokens, int source) {
        int[] ids = new int[tokens.size() + 1];
        int[] types = new int[ids.length];
        int[] classes = new int[ids.length];
        Arrays.fill(classes, Targets.NONE);
        Arrays.fill(types, source, types.length, 1);
        for (int t = 0; t < tokens.size(); t++) {
            ids[t] = tokens.get(t);
        }
        for (int t = source; t < ids.length; t++) {
            classes[t - 1] = ids[t];
        }
        Batch formed = PassInputs.of(selection.adapter().head(), runtime)
                .evaluation(
                        new Batch(ids, types, new int[] {ids.length}, new long[1], new Targets.TokenClasses(classes)));
        int[] predicting = formed.targets().tokens();
        float[] logits = new float[TinyBaseModel.VOCABULARY];
        try (Tensor values = selection.upload(runtime.kernels())) {
            runtime.transformer().infer(formed, List.of(selection.adapters(values)), (s, hidden) -> {
                try (Tensor states = runtime.kernels()
                                .tokens()
                                .gather(hidden, new int[] {predicting[predicting.length - 1]});
                        OutputLayer.Pass pass = runtime.output().forward(states);
                        Tensor row = runtime.output().logits(pass)) {
                    runtime.kernels().memory().download(row, FloatBuffer.wrap(logits));
                }
            });
        }
        int best = SEP;
        for (int token = FIRST_WORD; token < logits.length; token++) {
            best = logits[token] > logits[best] ? token : best;
        }
        return best;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--no-repeat-ngram 0",
                "--beams 3 --length-penalty 0.8 --no-repeat-ngram 2",
                "--temperature 1.5 --top-k 9 --seed 4"
            })
    void completionsDependOnNeitherClusterNorBatchesNorTheFormOfThePrompts(String options) throws IOException {
        List<JsonNode> lines = generate("pseudo-mask", RANK, data, options);
        System.setProperty("spark.master", "local[1]");
        try {
            assertThat(generate("pseudo-mask", RANK, data, options)).isEqualTo(lines);
        } finally {
            TinyCommands.onTwoCores();
        }
        assertThat(generate("pseudo-mask", RANK, data, options + " --batch-size 1"))
                .isEqualTo(lines);
        Path file = folder.resolve("prompts.jsonl");
        StringBuilder prompts = new StringBuilder();
        for (long id = 0; id < 4; id++) {
            // Ids are what random numbers follow from.
            prompts.append("{\"prompt\": \"" + PROMPTS.getOrDefault(id, "z") + "\"}\n");
        }
        Files.writeString(file, prompts.toString());
        List<JsonNode> ofFile = generate("pseudo-mask", RANK, file, options);
        assertThat(List.of(ofFile.get(0), ofFile.get(1), ofFile.get(3))).isEqualTo(lines);
        assertThat(generate("causal", RANK, data, options)).isNotEqualTo(lines);
    }

    /** Scores of the texts by what {@code score} computes them with, whose values are the E2E challenge's. */
    @Test
    void evaluateMeasuresTheTextsAtEachRank() throws IOException {
        Path texts = folder.resolve("texts");
        List<String> shown = TinyCommands.shown(TinyCommands.words(
                "evaluate --ranks 0,4 --order best --generate --max-new-tokens " + NEW_TOKENS + " --run-dir",
                folder.resolve("pseudo-mask"),
                "--data",
                data,
                "--out",
                texts));
        assertThat(lines(texts.resolve("rank-0.jsonl"))).isEqualTo(generate("pseudo-mask", 0, data, "--batch-size 16"));
        assertThat(lines(texts.resolve("rank-4-trained.jsonl")))
                .isEqualTo(generate("pseudo-mask", 4, data, "--order trained"));
        assertThat(shown).anyMatch(line -> line.startsWith("METEOR is left out"));
        String columns = "perplexity.*loss.*bleu.*nist.*nist_python.*rouge_l.*cider";
        assertThat(shown).anyMatch(line -> line.matches("rank +" + columns + ".*" + columns));
        String base = scores(texts.resolve("rank-0.jsonl"));
        assertThat(shown).anyMatch(line -> line.matches(" +0 .*" + base + ".*" + base));
        String trained = scores(texts.resolve("rank-4-trained.jsonl"));
        String canonical = scores(texts.resolve("rank-4-canonical.jsonl"));
        assertThat(shown).anyMatch(line -> line.matches(" +4 .*" + trained + ".*" + canonical));
    }

    /** What the table shows of them. */
    private static String scores(Path file) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (JsonNode line : lines(file)) {
            segments.add(new Segment(line.path("completion").asText(), REFERENCES.get(segments.size())));
        }
        StringBuilder scores = new StringBuilder();
        GenerationScores.of(segments)
                .byName()
                .values()
                .forEach(value -> scores.append(String.format(Locale.ROOT, " +%.4f", value)));
        return scores.toString();
    }

    @Test
    void optionsThatCannotBeUsedAreExplained() {
        refuses(
                TinyCommands.words("evaluate --beams 2 --run-dir", folder.resolve("causal"), "--data", data),
                2,
                "Ask for these with --generate");
        refuses(
                TinyCommands.words(
                        "evaluate --generate --meteor-data",
                        folder,
                        "--run-dir",
                        folder.resolve("causal"),
                        "--data",
                        data),
                3,
                "has neither english.words nor english.words.gz");
        refuses(
                TinyCommands.words("generate --model", model, "--input", data, "--out", folder.resolve("o")),
                3,
                "Name a run of language modeling with --run-dir");
    }

    private static void refuses(String[] command, int code, String message) {
        TinyCommands.Ended ended = TinyCommands.run(command);
        assertThat(ended.error()).contains(message);
        assertThat(ended.code()).isEqualTo(code);
    }
}
