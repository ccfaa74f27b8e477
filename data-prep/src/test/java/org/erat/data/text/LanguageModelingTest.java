package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.erat.data.tokenized.Targets.NONE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.tokenized.LocalSpark;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.PromptReferences;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts, conversations and plain texts, from their files to shards and references. */
class LanguageModelingTest {
    private static final TextColumns PROMPTS = new TextColumns.OfPrompt("p", "c");
    private static final int END = TinyDecoderTokenizer.END;

    private final SparkSession spark = LocalSpark.session();
    private final List<String> progress = new ArrayList<>();

    @TempDir
    private Path folder;

    private Path decoder;
    private Path encoder;

    @BeforeEach
    void writeTokenizers() throws IOException {
        decoder = TinyDecoderTokenizer.writeModel(folder.resolve("decoder"));
        encoder = TinyTokenizer.writeModel(folder.resolve("encoder"));
    }

    @Test
    void aDecoderGetsPromptCompletionAndEndToken() throws IOException {
        write("train.jsonl", "{\"p\": \"a\", \"c\": \" ab\"}\n{\"p\": \"b\", \"c\": \" a\"}\n");

        Manifest manifest = prepare(jsonl(PROMPTS, LanguageModeling.DEFAULT), "train.jsonl", decoder, "out", 8);

        assertThat(manifest.version()).isEqualTo(4);
        assertThat(manifest.type()).isEqualTo(TaskType.LANGUAGE_MODELING);
        assertThat(manifest.metrics()).containsExactly("perplexity", "loss");
        assertThat(manifest.labelNames()).isEmpty();
        assertThat(manifest.settings())
                .containsEntry("loss-on", "completion")
                .containsEntry("separator", "")
                .containsEntry("prompt", "p");
        PackedExamples all = examples("out", 2);
        // "a", " ab", end.
        assertThat(tokens(all, 0)).containsExactly(5, 11, END);
        assertThat(labels(all, 0)).containsExactly(11, END, NONE);
        assertThat(progress).anyMatch(line -> line.contains("tokens (2 to predict)"));
    }

    @Test
    void aSeparatorStandsBeforeTheCompletionAndItsBlankBelongsToThat() throws IOException {
        LanguageModeling settings =
                new LanguageModeling(LanguageModeling.LossOn.COMPLETION, Optional.of("<|end|> "), false);
        write("train.jsonl", "{\"p\": \"a\", \"c\": \"ab\"}\n{\"p\": \"b\", \"c\": \"a\"}\n");

        prepare(jsonl(PROMPTS, settings), "train.jsonl", decoder, "out", 8);

        PackedExamples all = examples("out", 2);
        assertThat(tokens(all, 0)).containsExactly(5, END, 11, END);
        assertThat(labels(all, 0)).containsExactly(NONE, 11, END, NONE);
    }

    @Test
    void lossOnAllPredictsThePromptToo() throws IOException {
        LanguageModeling settings = new LanguageModeling(LanguageModeling.LossOn.ALL, Optional.of(" "), false);
        write("train.jsonl", "{\"p\": \"ab c\", \"c\": \"a\"}\n{\"p\": \"b\", \"c\": \"a\"}\n");

        prepare(jsonl(PROMPTS, settings), "train.jsonl", decoder, "out", 8);

        PackedExamples all = examples("out", 2);
        assertThat(tokens(all, 0)).containsExactly(12, 4, 7, 10, END);
        assertThat(labels(all, 0)).containsExactly(4, 7, 10, END, NONE);
        assertThatThrownBy(() -> open("out").references(Split.TRAIN))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("--loss-on all");
    }

    @Test
    void anEncoderGetsAPairOfTexts() throws IOException {
        write("train.jsonl", "{\"p\": \"the cat\", \"c\": \"sat\"}\n{\"p\": \"dog\", \"c\": \"ran\"}\n");

        prepare(jsonl(PROMPTS, LanguageModeling.DEFAULT), "train.jsonl", encoder, "out", 8);

        PackedExamples all = examples("out", 2);
        int the = TinyTokenizer.id("the");
        int cat = TinyTokenizer.id("cat");
        int sat = TinyTokenizer.id("sat");
        int sep = TinyTokenizer.SEP;
        assertThat(tokens(all, 0)).containsExactly(TinyTokenizer.CLS, the, cat, sep, sat, sep);
        assertThat(labels(all, 0)).containsExactly(NONE, NONE, NONE, sat, sep, NONE);
        assertThat(IntStream.range(0, 6).map(t -> all.type(0, t))).containsExactly(0, 0, 0, 0, 1, 1);
    }

    @Test
    void ofAPlainTextEveryTokenButTheFirstIsPredicted() throws IOException {
        write("train.jsonl", "{\"t\": \"a ab\"}\n{\"t\": \"b a\"}\n");
        TextColumns text = new TextColumns.OfPlainText("t");

        prepare(jsonl(text, LanguageModeling.DEFAULT), "train.jsonl", decoder, "out", 8);

        PackedExamples all = examples("out", 2);
        assertThat(tokens(all, 0)).containsExactly(5, 11, END);
        assertThat(labels(all, 0)).containsExactly(11, END, NONE);
        assertThatThrownBy(() -> open("out").references(Split.TRAIN)).hasMessageContaining("texts without prompts");
    }

    @Test
    void aLongCompletionIsCutAndCountedAndAPromptThatLeavesNoRoomRefused() throws IOException {
        write("strict/train.jsonl", "{\"p\": \"a\", \"c\": \" a a a a\"}\n{\"p\": \"a a a a\", \"c\": \" a\"}\n");
        write("strict/dev.jsonl", "{\"p\": \"a\", \"c\": \" a\"}\n");
        TextTask strict = jsonl(PROMPTS, LanguageModeling.DEFAULT);

        assertThatThrownBy(() -> prepare(strict, "strict", decoder, "strict-out", 4))
                .hasStackTraceContaining("train.jsonl, line 2")
                .hasStackTraceContaining("--skip-unusable");

        TextTask lenient =
                jsonl(PROMPTS, new LanguageModeling(LanguageModeling.LossOn.COMPLETION, Optional.empty(), true));
        write(
                "data/train.jsonl",
                "{\"p\": \"a a a a\", \"c\": \" a\"}\n{\"p\": \"a\", \"c\": \" a a a a\"}\n{\"p\": \"a\", \"c\": \"\"}\n");
        write("data/dev.jsonl", "{\"p\": \"a\", \"c\": \" a\"}\n");
        Manifest manifest = prepare(lenient, "data", decoder, "lenient", 4);

        assertThat(manifest.train().examples()).isEqualTo(1);
        assertThat(manifest.train().truncated()).isEqualTo(1);
        PackedExamples train = open("lenient").shards(Split.TRAIN, 1).first();
        assertThat(train.id(0)).isZero();
        // Without the end token, which does not follow there.
        assertThat(tokens(train, 0)).containsExactly(5, 10, 10, 10);
        assertThat(progress)
                .anyMatch(line -> line.contains("Left out 1 rows"))
                .anyMatch(line -> line.contains("Left out 1 train examples"));
    }

    @Test
    void anEmptyCompletionIsRefusedWithItsPlace() throws IOException {
        write("train.jsonl", "{\"p\": \"a\", \"c\": \" \"}\n");

        assertThatThrownBy(() -> prepare(jsonl(PROMPTS, LanguageModeling.DEFAULT), "train.jsonl", decoder, "out", 8))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("train.jsonl, line 1: 'c' is empty");
    }

    @Test
    void aTokenizerWithoutAnEndTokenIsRefused() throws IOException {
        Files.writeString(decoder.resolve("tokenizer_config.json"), "{}");
        write("train.jsonl", "{\"p\": \"a\", \"c\": \"b\"}\n");
        TextTask task = jsonl(PROMPTS, LanguageModeling.DEFAULT);

        assertThatThrownBy(() -> prepare(task, "train.jsonl", decoder, "out", 8))
                .hasMessageContaining("no eos_token");

        Files.writeString(decoder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<other>\"}");
        assertThatThrownBy(() -> prepare(task, "train.jsonl", decoder, "out", 8))
                .hasMessageContaining("'<other>' is not a token");
    }

    @Test
    void tooShortALengthIsRefused() throws IOException {
        write("train.jsonl", "{\"p\": \"a\", \"c\": \"b\"}\n");

        assertThatThrownBy(() -> prepare(jsonl(PROMPTS, LanguageModeling.DEFAULT), "train.jsonl", decoder, "out", 2))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("The smallest value is 3");
    }

    @Test
    void conversationsPredictWhatTheAssistantSays() throws IOException {
        template("{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}");
        String row =
                "{\"m\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"ab\"},"
                        + " {\"role\": \"user\", \"content\": \"c\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}\n";
        write("data/train.jsonl", row);
        write("data/dev.jsonl", row);

        Manifest manifest =
                prepare(jsonl(new TextColumns.OfMessages("m"), LanguageModeling.DEFAULT), "data", decoder, "out", 16);

        assertThat(manifest.settings()).containsKey("chat-template-sha256");
        PackedExamples train = open("out").shards(Split.TRAIN, 1).first();
        assertThat(tokens(train, 0)).containsExactly(5, END, 12, END, 7, END, 6, END);
        assertThat(labels(train, 0)).containsExactly(NONE, 12, END, NONE, NONE, 6, END, NONE);
        PromptReferences reference = open("out").references(Split.TRAIN).get(0);
        assertThat(reference.prompt()).isEqualTo("a<|end|>");
        assertThat(reference.tokenIds()).containsExactly(5, END);
        assertThat(reference.completions()).containsExactly("ab");
    }

    @Test
    void conversationsThatCannotBeUsedAreRefused() throws IOException {
        TextTask task = jsonl(new TextColumns.OfMessages("m"), LanguageModeling.DEFAULT);
        write("train.jsonl", "{\"m\": [{\"role\": \"user\", \"content\": \"a\"}]}\n");
        assertThatThrownBy(() -> prepare(task, "train.jsonl", decoder, "out", 8))
                .hasMessageContaining("no chat_template");
        template("{{ messages[0].content | nothing }}");
        assertThatThrownBy(() -> prepare(task, "train.jsonl", decoder, "out", 8))
                .hasMessageContaining("no message of an assistant");
        write("train.jsonl", "{\"m\": [{\"role\": \"assistant\", \"content\": \"a\"}]}\n");
        assertThatThrownBy(() -> prepare(task, "train.jsonl", decoder, "out", 8))
                .hasMessageContaining("train.jsonl, line 1: ")
                .hasMessageContaining("line 1 of the chat template: the filter nothing is not supported");
        write("train.jsonl", "{\"m\": [{\"role\": \"assistant\"}]}\n");
        assertThatThrownBy(() -> prepare(task, "train.jsonl", decoder, "out", 8))
                .hasMessageContaining("message 1 of 'm'");
        write("train.jsonl", "{\"m\": \"a\"}\n");
        assertThatThrownBy(() -> prepare(task, "train.jsonl", decoder, "out", 8))
                .hasMessageContaining("not a list of messages");
    }

    @Test
    void readsTheFilesOfTheE2eChallenge() throws IOException {
        write("e2e/trainset.csv", "mr,ref\n\"a, b\",\"a b\"\n\"a, b\",\"ab\"\nc,\"b\"\n");
        write("e2e/devset.csv", "mr,ref\nb,a\n");
        write("e2e/testset_w_refs.csv", "mr,ref\nb,a\n");

        prepare(TextTask.named("e2e"), "e2e", decoder, "out", 16);

        List<PromptReferences> references = open("out").references(Split.TRAIN);
        assertThat(references).extracting(PromptReferences::prompt).containsExactly("a, b", "c");
        assertThat(references.get(0).completions()).containsExactly("a b", "ab");
        // "c", the end token between the two, and the completion with its blank.
        assertThat(tokens(open("out").shards(Split.TRAIN, 1).first(), 2)).containsExactly(7, END, 4, 6, END);

        write("lines/train.txt", "c||b\n");
        write("lines/dev.txt", "b||a\n");
        prepare(TextTask.named("e2e"), "lines", decoder, "lines-out", 16);
        assertThat(tokens(open("lines-out").shards(Split.TRAIN, 1).first(), 0)).containsExactly(7, END, 4, 6, END);

        write("broken.txt", "c||b\nc|b\n");
        assertThatThrownBy(() -> prepare(TextTask.named("e2e"), "broken.txt", decoder, "broken", 16))
                .hasMessageContaining("broken.txt, line 2: 1 texts");
    }

    @Test
    void aPromptOfSeveralSplitsIsOneWithAllItsCompletions() throws IOException {
        write("e2e/trainset.csv", "mr,ref\na,b\nc,a\nc,b\n");
        write("e2e/devset.csv", "mr,ref\nb,a\na,c\n");
        prepare(TextTask.named("e2e"), "e2e", decoder, "out", 16);

        List<PromptReferences> all = open("out").inOneSplit().references(Split.VALIDATION);

        assertThat(all).extracting(PromptReferences::prompt).containsExactly("a", "c", "b");
        assertThat(all).extracting(PromptReferences::id).containsExactly(0L, 1L, 3L);
        assertThat(all)
                .extracting(PromptReferences::completions)
                .containsExactly(List.of("b", "c"), List.of("a", "b"), List.of("a"));
    }

    @Test
    void anEvaluationSetGetsTheLayoutOfItsTrainingSet() throws IOException {
        LanguageModeling settings =
                new LanguageModeling(LanguageModeling.LossOn.COMPLETION, Optional.of("<|end|> "), false);
        write("train.jsonl", "{\"p\": \"a\", \"c\": \"ab\"}\n{\"p\": \"b\", \"c\": \"a\"}\n");
        Manifest trained = prepare(jsonl(PROMPTS, settings), "train.jsonl", decoder, "out", 8);
        write("new.jsonl", "{\"q\": \"b\"}\n");

        TextTask prompts = jsonl(new TextColumns.OfPrompt("q", null), LanguageModeling.DEFAULT);
        Manifest manifest = Tokenization.prepare(
                        spark, request(prompts, "new.jsonl", decoder, "like", 8, Optional.of(trained)), progress::add)
                .manifest();

        assertThat(manifest.version()).isEqualTo(5);
        assertThat(manifest.labelled()).isFalse();
        PromptReferences reference = open("like").references(Split.VALIDATION).get(0);
        assertThat(reference.tokenIds()).containsExactly(6, END);
        assertThat(reference.completions()).isEmpty();
    }

    @Test
    void readsTheXmlOfWebNlg() throws IOException {
        String entry =
                """
                <entry category="A" eid="Id1"><originaltripleset><otriple>x | y | z</otriple></originaltripleset>
                <modifiedtripleset><mtriple>a | b | c</mtriple><mtriple>b | c | d</mtriple></modifiedtripleset>
                %s</entry>""";
        write(
                "webnlg/train/1triples/One.xml",
                webnlg(entry.formatted("<lex comment=\"good\" lid=\"Id1\">a &amp; b</lex><lex comment=\"bad\">c</lex>"
                        + "<lex comment=\"\" lang=\"ru\">d</lex>")));
        write(
                "webnlg/train/2triples/Two.xml",
                webnlg(entry.formatted("<lex><text>e</text><template>d</template></lex>")));
        write("webnlg/dev/Other.xml", webnlg(entry.formatted("<lex>a</lex>")));

        prepare(TextTask.named("webnlg"), "webnlg", decoder, "out", 64);

        List<PromptReferences> references = open("out").references(Split.TRAIN);
        assertThat(references).extracting(PromptReferences::prompt).containsExactly("a : b : c | b : c : d");
        assertThat(references.get(0).completions()).containsExactly("a & b", "e");
        assertThat(progress).anyMatch(line -> line.contains("Left out 2 texts"));
    }

    @Test
    void refusesXmlThatIsNotWebNlgsOrReadsOtherFiles() throws IOException {
        write("secret.txt", "secret");
        String outside = "<!DOCTYPE benchmark [<!ENTITY x SYSTEM \""
                + folder.resolve("secret.txt").toUri() + "\">]>"
                + "<benchmark><entry><mtriple>a | b | c</mtriple><lex>&x;</lex></entry></benchmark>";
        List<List<String>> cases = List.of(
                List.of(outside, "entity"),
                List.of(webnlg("<entry><mtriple>a | b</mtriple></entry>"), "a triple has 2 parts"),
                List.of(webnlg("<entry><mtriple>a | b | c</mtriple></entry>"), "no text (lex)"),
                List.of(webnlg("<entry><lex>a</lex></entry>"), "no modified triples"),
                List.of("<benchmark><entry>", "is not the XML of WebNLG"),
                List.of(webnlg(""), "has no rows"));
        for (List<String> each : cases) {
            write("one.xml", each.get(0));
            assertThatThrownBy(() -> prepare(TextTask.named("webnlg"), "one.xml", decoder, "out", 64))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("one.xml")
                    .hasMessageContaining(each.get(1));
        }
    }

    @Test
    void settingsThatDoNotApplyAreRefused() {
        TextColumns text = new TextColumns.OfPlainText("t");
        LanguageModeling separator = new LanguageModeling(LanguageModeling.LossOn.COMPLETION, Optional.of(" "), false);
        LanguageModeling all = new LanguageModeling(LanguageModeling.LossOn.ALL, Optional.empty(), false);
        assertThatThrownBy(() -> jsonl(text, separator)).hasMessageContaining("--separator");
        assertThatThrownBy(() -> jsonl(text, all)).hasMessageContaining("--loss-on");
        assertThatThrownBy(() -> TextTask.named("sst2").with(all)).hasMessageContaining("--loss-on");
        assertThatThrownBy(() -> TextTask.languageModeling(
                        TextFormat.CSV, true, new TextColumns.OfMessages("m"), LanguageModeling.DEFAULT))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("cannot hold a list of messages");
        assertThatThrownBy(() -> LanguageModeling.LossOn.of("none")).hasMessageContaining("completion or all");
    }

    private static String webnlg(String entries) {
        return "<?xml version=\"1.0\"?><benchmark><entries>" + entries + "</entries></benchmark>";
    }

    private static TextTask jsonl(TextColumns columns, LanguageModeling settings) {
        return TextTask.languageModeling(TextFormat.JSONL, true, columns, settings);
    }

    private void template(String source) throws IOException {
        Files.writeString(decoder.resolve("chat_template.jinja"), source);
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private Manifest prepare(TextTask task, String input, Path model, String out, int maxLength) {
        return Tokenization.prepare(spark, request(task, input, model, out, maxLength, Optional.empty()), progress::add)
                .manifest();
    }

    private TokenizationRequest request(
            TextTask task, String input, Path model, String out, int maxLength, Optional<Manifest> like) {
        return new TokenizationRequest(
                task,
                folder.resolve(input).toString(),
                model.toString(),
                TinyTokenizer.VOCAB_SIZE,
                maxLength,
                folder.resolve(out).toString(),
                0.5,
                seed(),
                like);
    }

    /** One that puts the prompts a and b on different sides. */
    private static long seed() {
        ValidationShare share = null;
        for (long seed = 0; ; seed++) {
            share = new ValidationShare(0.5, seed);
            boolean all = true;
            for (List<String> pair : List.of(
                    List.of("a", "b"), List.of("ab c", "b"), List.of("the cat", "dog"), List.of("a ab", "b a"))) {
                all &= share.of(TextRow.of(pair.get(0), null, null)) == Split.TRAIN
                        && share.of(TextRow.of(pair.get(1), null, null)) == Split.VALIDATION;
            }
            if (all) {
                return seed;
            }
        }
    }

    private TokenizedDataset open(String out) {
        return TokenizedDataset.open(spark, folder.resolve(out).toString());
    }

    private PackedExamples examples(String out, int rows) {
        Manifest manifest = open(out).manifest();
        assertThat(manifest.train().examples() + manifest.validation().examples())
                .isEqualTo(rows);
        return open(out).shards(Split.TRAIN, 1).first();
    }

    private static int[] tokens(PackedExamples examples, int i) {
        return IntStream.range(0, examples.length(i))
                .map(t -> examples.token(i, t))
                .toArray();
    }

    private static int[] labels(PackedExamples examples, int i) {
        return Arrays.copyOf(((Targets.TokenClasses) examples.target(i)).classes(), examples.length(i));
    }
}
