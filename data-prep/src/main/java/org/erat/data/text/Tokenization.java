package org.erat.data.text;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.Split;

/**
 * Turns a data set of text into a tokenized one: rows are read and checked on the driver, tokenized by executors, and
 * the whole appears under its name in one step, or not at all.
 */
public final class Tokenization {
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
        this.task = request.task();
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
        TokenizerFile tokenizer = TokenizerFile.read(hadoop, new Path(request.modelDir()), request.vocabSize());
        InputFiles files = InputFiles.find(hadoop, task, request.input(), progress);
        Map<String, String> settings = settings(files, tokenizer);
        Path out = new Path(request.out());
        try {
            FileSystem fs = out.getFileSystem(hadoop);
            if (fs.exists(out) && fs.listStatus(out).length > 0) {
                return new PreparedData(existing(fs, out, settings), true);
            }
            return new PreparedData(make(fs, out, files, tokenizer, settings), false);
        } catch (IOException e) {
            throw new UsageException(
                    String.format(
                            "%s cannot be written (%s): check its permissions and the space left, or choose another"
                                    + " --out",
                            out, e.getMessage()),
                    e);
        }
    }

    /** Everything that decides the result, by name. */
    private Map<String, String> settings(InputFiles files, TokenizerFile tokenizer) {
        Map<String, String> settings = new TreeMap<>();
        settings.put("task", task.name());
        settings.put("type", task.type().toString());
        settings.put("format", task.format().toString());
        settings.put("header", Boolean.toString(task.header()));
        settings.put("text", task.text());
        settings.put("text-pair", task.textPair() == null ? "none" : task.textPair());
        settings.put("label", task.label());
        settings.put("max-length", Integer.toString(request.maxLength()));
        settings.put("tokenizer-sha256", tokenizer.sha256());
        try {
            settings.put("train-sha256", InputFiles.sha256(hadoop, files.train()));
            if (files.validation() == null) {
                ValidationShare share = new ValidationShare(request.validationShare(), request.seed());
                settings.put("validation", String.format("share %s, seed %d", share.share(), share.seed()));
            } else {
                settings.put("validation", "sha256 " + InputFiles.sha256(hadoop, files.validation()));
            }
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", request.input(), e.getMessage()), e);
        }
        return settings;
    }

    private Manifest existing(FileSystem fs, Path out, Map<String, String> settings) throws IOException {
        if (!fs.exists(new Path(out, Manifest.FILE))) {
            throw new UsageException(String.format(
                    "%s exists and is not a tokenized data set: choose another --out, or delete it", out));
        }
        Manifest manifest = Manifest.read(hadoop, out);
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
        return manifest;
    }

    private Manifest make(
            FileSystem fs, Path out, InputFiles files, TokenizerFile tokenizer, Map<String, String> settings)
            throws IOException {
        Path whole = fs.makeQualified(out);
        Path temporary = new Path(whole.getParent(), "." + whole.getName() + ".preparing-" + UUID.randomUUID());
        Path staging = new Path(temporary, "_text");
        if (!fs.mkdirs(staging)) {
            throw new IOException("no folder can be made in " + whole.getParent());
        }
        boolean done = false;
        try {
            StagedData text = new Staging(spark, request, progress).stage(files, fs, staging);
            TokenizationJob job = new TokenizationJob(spark, task, tokenizer, request.maxLength(), progress);
            TokenizationJob.Written train = job.run(Split.TRAIN, text.train(), text.labels(), temporary);
            TokenizationJob.Written validation = job.run(Split.VALIDATION, text.validation(), text.labels(), temporary);
            Manifest manifest = new Manifest(
                    Manifest.VERSION,
                    task.name(),
                    task.type(),
                    text.labels().names(),
                    task.metrics(),
                    tokenizer.sha256(),
                    request.maxLength(),
                    Math.max(train.highestTokenId(), validation.highestTokenId()),
                    train.summary(),
                    validation.summary(),
                    text.contentSha256(),
                    request.input(),
                    settings);
            fs.delete(staging, true);
            manifest.write(hadoop, temporary);
            // Only an empty folder can be there now; a rename would move into it.
            fs.delete(whole, false);
            if (!fs.rename(temporary, whole)) {
                throw new IOException("the finished folder cannot be renamed to it");
            }
            done = true;
            progress.accept(String.format("Prepared %s", describe(manifest, out)));
            return manifest;
        } finally {
            if (!done) {
                fs.delete(temporary, true);
            }
        }
    }

    private static String describe(Manifest manifest, Path out) {
        return String.format(
                "%s: %,d training and %,d validation examples, %,d tokens",
                out,
                manifest.train().examples(),
                manifest.validation().examples(),
                manifest.train().tokens() + manifest.validation().tokens());
    }
}
