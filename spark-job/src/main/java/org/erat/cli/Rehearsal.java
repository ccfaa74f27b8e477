package org.erat.cli;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;

/**
 * The usual commands, one after the other in one process, on a model of a few values that is made for it. {@code
 * submit/erat} has a JVM archive the classes that they load, from which later JVMs take them.
 */
public final class Rehearsal {
    private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
    private static final List<String> WORDS = List.of("good", "bad", "film", "not", "a", "the", "##s");
    private static final int EXAMPLES = 40;

    private static final String CONFIGURATION =
            """
            method = erat
            model.path = base
            data.train = data
            adapter.rank = 2
            training { epochs = 1, shards = 2, batch-size = 4, local-steps = 2 }
            compute.device = cpu
            """;

    private static final List<String> COMMANDS = List.of(
            "--help",
            "--version",
            "train --help",
            "prepare-model --from model --out base",
            "prepare-data --format tsv --text text --label label --type classification --input texts --model base"
                    + " --out data",
            "train --conf job.conf --run-dir runs/run --dry-run",
            "train --conf job.conf --run-dir runs/run",
            "evaluate --run-dir runs/run --data data",
            "predict --run-dir runs/run --data data --rank 1 --out predictions.jsonl",
            "export --run-dir runs/run --rank 2 --out adapter",
            "resize --adapter adapter --rank 1 --out smaller",
            "report runs/run --out report.html",
            "list runs",
            "score --references references.txt --hypotheses hypotheses.txt");

    private final Path folder;

    private Rehearsal(Path folder) {
        this.folder = folder;
    }

    /** Works in the folder that the process runs in, which is to be empty. */
    public static void main(String[] args) throws IOException, ReflectiveOperationException {
        Class.forName(Submission.class.getName());
        Rehearsal rehearsal = new Rehearsal(Path.of(""));
        rehearsal.writeModel();
        rehearsal.writeTexts();
        Files.writeString(rehearsal.folder.resolve("job.conf"), CONFIGURATION);
        for (String command : COMMANDS) {
            int code = Main.run(command.split(" ", -1));
            if (code != 0) {
                System.exit(code);
            }
        }
    }

    private void writeModel() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        Path config = model.resolve(BaseModelDirectory.CONFIG);
        Files.writeString(
                config,
                """
                {"architectures": ["BertModel"], "model_type": "bert", "vocab_size": %d, "hidden_size": 8,
                 "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "hidden_act": "gelu",
                 "max_position_embeddings": 32, "type_vocab_size": 2, "pad_token_id": 0}
                """
                        .formatted(vocabulary().size()));
        Files.writeString(model.resolve(BaseModelDirectory.TOKENIZER), tokenizer());
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        ModelTensors.required(Families.architecture(ConfigJson.read(config)))
                .forEach((name, shape) -> tensors.put(name, tensor(shape)));
        SafetensorsWriter.write(model.resolve(BaseModelDirectory.TENSORS), tensors, Map.of("format", "pt"));
    }

    /** Any values will do: no two of a row alike. */
    private static FloatTensor tensor(long... shape) {
        int length = 1;
        for (long size : shape) {
            length *= (int) size;
        }
        FloatBuffer values = FloatBuffer.allocate(length);
        for (int i = 0; i < length; i++) {
            values.put(i, (float) Math.sin(i + 1));
        }
        return new FloatTensor(shape, values);
    }

    private static List<String> vocabulary() {
        List<String> tokens = new ArrayList<>(SPECIAL);
        tokens.addAll(WORDS);
        return tokens;
    }

    /** WordPiece, as of BERT. */
    private static String tokenizer() {
        List<String> tokens = vocabulary();
        String special = IntStream.range(0, SPECIAL.size())
                .mapToObj(id -> ("{\"id\": %d, \"content\": \"%s\", \"single_word\": false, \"lstrip\": false,"
                                + " \"rstrip\": false, \"normalized\": false, \"special\": true}")
                        .formatted(id, SPECIAL.get(id)))
                .collect(Collectors.joining(", "));
        String ids = IntStream.range(0, tokens.size())
                .mapToObj(id -> "\"%s\": %d".formatted(tokens.get(id), id))
                .collect(Collectors.joining(", "));
        return """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [%s],
                 "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                                "strip_accents": null, "lowercase": true},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
                 "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
                 "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                           "max_input_chars_per_word": 100, "vocab": {%s}}}
                """
                .formatted(special, ids);
    }

    private void writeTexts() throws IOException {
        Path texts = Files.createDirectories(folder.resolve("texts"));
        for (String name : List.of("train.tsv", "dev.tsv")) {
            String rows = IntStream.range(0, EXAMPLES)
                    .mapToObj(i -> i % 2 == 0 ? "a good film\tpositive\n" : "the film not good\tnegative\n")
                    .collect(Collectors.joining());
            Files.writeString(texts.resolve(name), "text\tlabel\n" + rows);
        }
        Files.writeString(folder.resolve("references.txt"), "a good film\n\nnot a bad film\n");
        Files.writeString(folder.resolve("hypotheses.txt"), "a good film\na bad film\n");
    }
}
