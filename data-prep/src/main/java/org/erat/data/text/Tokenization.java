package org.erat.data.text;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.SplitSummary;
import org.erat.data.tokenized.TaskType;

/**
 * Turns a data set of text into a tokenized one: rows are read and checked on the driver, tokenized by executors, and
 * the whole appears under its name in one step, or not at all.
 */
public final class Tokenization {
    /** The setting that data with a test split have. */
    private static final String TEST = "test";

    private final SparkSession spark;
    private final Configuration hadoop;
    private final TokenizationRequest request;
    private final Consumer<String> progress;
    private final TextTask task;

    private Tokenization(SparkSession spark, TokenizationRequest request, Consumer<String> progress) {
        this.spark = spark;
        this.hadoop = spark.sparkContext().hadoopConfiguration();
        this.request = request;
        this.progress = progress;
        this.task = request.like().map(request.task()::like).orElse(request.task());
    }

    /**
     * Prepares the data set of {@code request}. If its folder already holds one made of the same input in the same way,
     * that one is left as it is.
     *
     * @param progress is told every few seconds what is going on, in a line for people
     * @throws BadInputException if the text or the tokenizer cannot be used; names file, line and fix
     * @throws UsageException if the output folder holds something else, or cannot be written
     */
    public static PreparedData prepare(SparkSession spark, TokenizationRequest request, Consumer<String> progress) {
        return new Tokenization(spark, request, progress).prepare();
    }

    private PreparedData prepare() {
        Path out = Storage.path(request.out());
        TokenizerFile tokenizer = TokenizerFile.read(hadoop, Storage.path(request.modelDir()), request.vocabSize());
        Optional<Prompts> prompts = task.type() == TaskType.LANGUAGE_MODELING
                ? Optional.of(Prompts.of(
                        task,
                        tokenizer,
                        TokenizerSettings.read(hadoop, Storage.path(request.modelDir())),
                        request.maxLength()))
                : Optional.empty();
        if (prompts.isEmpty()) {
            tokenizer.requireRoom(request.maxLength(), task.textPair() != null);
        }
        request.like().ifPresent(like -> requireTokenizerOf(like, tokenizer));
        InputFiles files =
                InputFiles.find(hadoop, task, request.input(), request.like().isPresent(), progress);
        progress.accept(request.like().isPresent() ? "all rows for evaluation and prediction" : files.describe());
        Map<String, String> settings = settings(files, tokenizer, prompts);
        Optional<String> testSha256 = files.test().isEmpty() ? Optional.empty() : Optional.of(sha256(files.test()));
        try {
            Storage storage = Storage.of(out, hadoop);
            if (!storage.list(out).isEmpty()) {
                return new PreparedData(existing(storage, out, settings, testSha256), true);
            }
            storage.writeFolderAtomically(storage.qualify(out), folder -> {
                make(folder, files, tokenizer, prompts, settings, testSha256);
                if (!storage.list(out).isEmpty()) {
                    throw new IOException("something else has been written there meanwhile");
                }
            });
            Manifest manifest = Manifest.read(hadoop, out);
            progress.accept(String.format("Prepared %s", describe(manifest, out)));
            return new PreparedData(manifest, false);
        } catch (IOException e) {
            throw new UsageException(
                    String.format(
                            "%s cannot be written (%s): check its permissions and the space left, or choose another"
                                    + " --out",
                            out, e.getMessage()),
                    e);
        }
    }

    private void requireTokenizerOf(Manifest like, TokenizerFile tokenizer) {
        if (!like.tokenizerSha256().equals(tokenizer.sha256())) {
            throw new UsageException(String.format(
                    "--like names data that was made with another tokenizer than %s has: give the --model that it was"
                            + " made with",
                    request.modelDir()));
        }
    }

    /** Everything that decides the result, by name. */
    private Map<String, String> settings(InputFiles files, TokenizerFile tokenizer, Optional<Prompts> prompts) {
        Map<String, String> settings = new TreeMap<>();
        settings.put("task", task.name());
        settings.put("type", task.type().toString());
        settings.put("format", task.format().toString());
        settings.put("header", Boolean.toString(task.header()));
        settings.putAll(task.columns().settings());
        prompts.ifPresent(each -> settings.putAll(each.settings()));
        settings.put("max-length", Integer.toString(request.maxLength()));
        settings.put("tokenizer-sha256", tokenizer.sha256());
        settings.put("train-sha256", sha256(files.train()));
        if (request.like().isPresent()) {
            settings.put("validation", "all rows");
            settings.put("classes", String.join(", ", task.labelNames()));
        } else if (files.validation().isEmpty()) {
            ValidationShare share = new ValidationShare(request.validationShare(), request.seed());
            settings.put("validation", String.format("share %s, seed %d", share.share(), share.seed()));
        } else {
            settings.put("validation", "sha256 " + sha256(files.validation()));
        }
        return settings;
    }

    private String sha256(List<Path> files) {
        try {
            return InputFiles.sha256(hadoop, files);
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", request.input(), e.getMessage()), e);
        }
    }

    /** Settings of data that have a test split; only a look at its rows tells whether it is kept. */
    private static Map<String, String> withTest(Map<String, String> settings, Optional<String> testSha256) {
        Map<String, String> all = new TreeMap<>(settings);
        testSha256.ifPresent(sha256 -> all.put(TEST, "sha256 " + sha256));
        return all;
    }

    private Manifest existing(Storage storage, Path out, Map<String, String> asked, Optional<String> testSha256)
            throws IOException {
        if (!storage.exists(new Path(out, Manifest.FILE))) {
            throw new UsageException(String.format(
                    "%s exists and is not a tokenized data set: choose another --out, or delete it", out));
        }
        Manifest manifest = Manifest.read(hadoop, out);
        Map<String, String> settings =
                manifest.settings().containsKey(TEST) || testSha256.isEmpty() ? withTest(asked, testSha256) : asked;
        if (!manifest.settings().equals(settings)) {
            TreeMap<String, String> all = new TreeMap<>(manifest.settings());
            all.putAll(settings);
            List<String> differences = all.keySet().stream()
                    .filter(key -> !settings.getOrDefault(key, "")
                            .equals(manifest.settings().getOrDefault(key, "")))
                    .map(key -> String.format(
                            "%s was %s and is now %s", key, manifest.settings().get(key), settings.get(key)))
                    .toList();
            throw new UsageException(String.format(
                    "%s already holds data prepared from %s; now %s is asked for, and %s. Choose another --out, or"
                            + " delete it",
                    out, manifest.input(), request.input(), String.join("; ", differences)));
        }
        progress.accept(String.format("Already prepared: %s", describe(manifest, out)));
        if (settings.equals(asked) && testSha256.isPresent()) {
            progress.accept(String.format(
                    "It has no test split: that of %s has no labels, or an earlier program prepared the data. Delete %s to"
                            + " prepare them again",
                    request.input(), out));
        }
        return manifest;
    }

    private void make(
            Path folder,
            InputFiles files,
            TokenizerFile tokenizer,
            Optional<Prompts> prompts,
            Map<String, String> settings,
            Optional<String> testSha256)
            throws IOException {
        FileSystem fs = folder.getFileSystem(hadoop);
        Path staging = new Path(folder, "_text");
        RowCheck check = prompts.isPresent()
                ? prompts.get().check()
                : new LabelCheck(
                        task,
                        files.validation().isEmpty(),
                        request.like().isPresent() && request.task().isCustom());
        StagedData text = new Staging(spark, request, task, check, progress).stage(files, fs, staging);
        TokenizationJob job = new TokenizationJob(
                spark, task, tokenizer, prompts.map(Prompts::encoding), request.maxLength(), progress);
        TokenizationJob.Written train = job.run(Split.TRAIN, text.train(), text.labels(), folder);
        TokenizationJob.Written validation = job.run(Split.VALIDATION, text.validation(), text.labels(), folder);
        boolean tested = text.test().rows() > 0;
        Optional<TokenizationJob.Written> test =
                tested ? Optional.of(job.run(Split.TEST, text.test(), text.labels(), folder)) : Optional.empty();
        fs.delete(staging, true);
        SplitSummary needed = request.like().isPresent() ? validation.summary() : train.summary();
        if (needed.examples() == 0) {
            throw new BadInputException(String.format(
                    "%s: all examples are left out, since they have nothing to predict. Raise --max-length, or mend the rows",
                    request.input()));
        }
        Manifest manifest = new Manifest(
                Manifest.version(task.type(), task.labelled()),
                task.name(),
                task.type(),
                text.labels().names(),
                task.metrics(text.labels().names()),
                tokenizer.sha256(),
                request.maxLength(),
                Math.max(
                        Math.max(train.highestTokenId(), validation.highestTokenId()),
                        test.map(TokenizationJob.Written::highestTokenId).orElse(0)),
                train.summary(),
                validation.summary(),
                text.contentSha256(),
                request.input(),
                tested ? withTest(settings, testSha256) : settings);
        test.map(written -> manifest.withTest(written.summary()))
                .orElse(manifest)
                .write(hadoop, folder);
    }

    private static String describe(Manifest manifest, Path out) {
        long tested = manifest.test().examples();
        return String.format(
                "%s: %,d training%s %,d validation%s examples, %,d tokens",
                out,
                manifest.train().examples(),
                tested == 0 ? " and" : ",",
                manifest.validation().examples(),
                tested == 0 ? "" : String.format(" and %,d test", tested),
                manifest.train().tokens()
                        + manifest.validation().tokens()
                        + manifest.test().tokens());
    }
}
