package org.erat.data.tokenized;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.Json;
import org.erat.data.JsonReason;
import org.erat.data.Sha256;
import org.erat.data.StrictJson;

/**
 * {@code manifest.json} of a tokenized data set: what was made, out of what, and how.
 *
 * @param version version of the format, {@link #version}
 * @param task name of the task, {@code sst2} or {@code custom}
 * @param type what a label is
 * @param labelNames names of the classes, in the order of their indices; empty where it has none
 * @param metrics names of the metrics that the task is judged by, the first being the one to rank by: {@code accuracy},
 *     {@code f1}, {@code macro-f1}, {@code matthews}, {@code pearson}, {@code spearman}; of a token classification
 *     {@code entity-f1}, {@code token-accuracy}; of language modeling {@code perplexity}, {@code loss}
 * @param tokenizerSha256 SHA-256 of {@code tokenizer.json}, in hexadecimal
 * @param maxLength length in tokens at which examples were cut
 * @param highestTokenId highest token id in any split; a model needs a larger vocabulary
 * @param train the training split
 * @param validation the validation split
 * @param test the test split; without examples where there is none. No part of what identifies a run: no training reads it
 * @param contentSha256 SHA-256 over texts and labels of the training and validation examples in order, in hexadecimal; the same on any cluster
 * @param input where the text was read from, for people to know
 * @param settings everything that decides the content, by name: two data sets with equal settings are the same
 */
public record Manifest(
        int version,
        String task,
        TaskType type,
        List<String> labelNames,
        List<String> metrics,
        String tokenizerSha256,
        int maxLength,
        int highestTokenId,
        SplitSummary train,
        SplitSummary validation,
        SplitSummary test,
        String contentSha256,
        String input,
        Map<String, String> settings) {

    /** Of data sets with one label per example, which earlier programs read as well. */
    private static final int FIRST_VERSION = 1;

    /** Of token classification, which programs that know the first version only cannot read. */
    private static final int TOKEN_CLASSIFICATION_VERSION = 2;

    /** Of examples without labels, which earlier programs cannot read. */
    private static final int UNLABELLED_VERSION = 3;

    /** Of language modeling, which earlier programs cannot read. */
    private static final int LANGUAGE_MODELING_VERSION = 4;

    /** Of prompts without completions. */
    private static final int PROMPTS_VERSION = 5;

    /** Of data sets with a test split, all of which have labels, from this version on. */
    private static final int TEST_VERSION = 6;

    /** Of any number of classes per example, which earlier programs cannot read. */
    private static final int MULTI_LABEL_VERSION = 7;

    private static final int LAST_VERSION = MULTI_LABEL_VERSION;

    private static final String TEST = "test";

    /** Name of the file inside the data set. */
    public static final String FILE = "manifest.json";

    /** The setting with the id of the token that ends a completion. */
    public static final String END_TOKEN = "end-token";

    private static final ObjectMapper JSON = StrictJson.builder().build();

    public Manifest {
        labelNames = List.copyOf(labelNames);
        metrics = List.copyOf(metrics);
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** Of a data set without a test split. */
    public Manifest(
            int version,
            String task,
            TaskType type,
            List<String> labelNames,
            List<String> metrics,
            String tokenizerSha256,
            int maxLength,
            int highestTokenId,
            SplitSummary train,
            SplitSummary validation,
            String contentSha256,
            String input,
            Map<String, String> settings) {
        this(
                version,
                task,
                type,
                labelNames,
                metrics,
                tokenizerSha256,
                maxLength,
                highestTokenId,
                train,
                validation,
                SplitSummary.NONE,
                contentSha256,
                input,
                settings);
    }

    /** The same with a test split, whose examples have labels. */
    public Manifest withTest(SplitSummary labelled) {
        return with(Math.max(version, TEST_VERSION), train, validation, labelled);
    }

    /** The same with all examples in the validation split. */
    Manifest inOneSplit() {
        return with(version, SplitSummary.NONE, train.plus(validation).plus(test), SplitSummary.NONE);
    }

    private Manifest with(int version, SplitSummary train, SplitSummary validation, SplitSummary test) {
        return new Manifest(
                version,
                task,
                type,
                labelNames,
                metrics,
                tokenizerSha256,
                maxLength,
                highestTokenId,
                train,
                validation,
                test,
                contentSha256,
                input,
                settings);
    }

    /**
     * The version of the format of data sets of {@code type}.
     *
     * @param labelled whether its examples have labels
     */
    public static int version(TaskType type, boolean labelled) {
        if (!labelled) {
            return type == TaskType.LANGUAGE_MODELING ? PROMPTS_VERSION : UNLABELLED_VERSION;
        }
        return switch (type) {
            case CLASSIFICATION, REGRESSION -> FIRST_VERSION;
            case MULTI_LABEL_CLASSIFICATION -> MULTI_LABEL_VERSION;
            case TOKEN_CLASSIFICATION -> TOKEN_CLASSIFICATION_VERSION;
            case LANGUAGE_MODELING -> LANGUAGE_MODELING_VERSION;
        };
    }

    /** Whether its examples have labels. */
    public boolean labelled() {
        return version != UNLABELLED_VERSION && version != PROMPTS_VERSION;
    }

    /** Width of the task's output: the number of classes, or 1 for regression. A language model predicts its vocabulary. */
    public int outputs() {
        return type.hasClasses() ? labelNames.size() : 1;
    }

    /**
     * SHA-256 of all that decides the numbers of the data set: its text and labels, the tokenizer, the length that examples
     * are cut at, the order of the classes, which tokens a language model predicts. Where the text lay and in which format is no part of it.
     */
    public String tokensSha256() {
        String all = String.join(
                "\n",
                contentSha256,
                type.toString(),
                String.join("\t", labelNames),
                tokenizerSha256,
                Integer.toString(maxLength),
                train.toString(),
                validation.toString());
        if (type == TaskType.LANGUAGE_MODELING) {
            all += "\n" + settings.get(PromptReferences.LOSS_ON) + "\n" + settings.get(END_TOKEN);
        }
        return Sha256.of(all.getBytes(StandardCharsets.UTF_8));
    }

    /** The summary of a split. */
    public SplitSummary summary(Split split) {
        return switch (split) {
            case TRAIN -> train;
            case VALIDATION -> validation;
            case TEST -> test;
        };
    }

    /**
     * Reads the manifest of the data set in {@code directory}.
     *
     * @throws BadInputException if there is none, or it is not of a known version with exactly these keys
     */
    public static Manifest read(Configuration hadoop, Path directory) {
        Path file = new Path(directory, FILE);
        byte[] bytes = {};
        try (InputStream in = file.getFileSystem(hadoop).open(file)) {
            bytes = Json.bytes(in, file.toString());
            JsonNode tree = JSON.readTree(bytes);
            int version = tree.path("version").asInt(-1);
            if (version < FIRST_VERSION || version > LAST_VERSION) {
                throw FileSignature.explain(
                        file.toString(),
                        bytes,
                        new BadInputException(String.format(
                                "%s: version %s of a tokenized data set is not known, this program reads versions %d to"
                                        + " %d: prepare the data again with this program",
                                file, tree.path("version"), FIRST_VERSION, LAST_VERSION)));
            }
            if (version < TEST_VERSION && tree instanceof ObjectNode root && !root.has(TEST)) {
                root.set(TEST, JSON.valueToTree(SplitSummary.NONE));
            }
            return JSON.treeToValue(tree, Manifest.class);
        } catch (FileNotFoundException e) {
            throw new BadInputException(
                    String.format(
                            "%s does not exist, so %s is not a tokenized data set: make one with prepare-data --out %s",
                            file, directory, directory),
                    e);
        } catch (JsonProcessingException e) {
            throw FileSignature.explain(
                    file.toString(),
                    bytes,
                    new BadInputException(
                            String.format(
                                    "%s is not the manifest of a tokenized data set (%s): prepare the data again",
                                    file, JsonReason.of(e)),
                            e));
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", file, e.getMessage()), e);
        }
    }

    /** Writes the manifest into {@code directory}, which must not have one yet. */
    public void write(Configuration hadoop, Path directory) throws IOException {
        Path file = new Path(directory, FILE);
        FileSystem fs = file.getFileSystem(hadoop);
        try (OutputStream out = fs.create(file, false)) {
            ObjectNode tree = JSON.valueToTree(this);
            if (version < TEST_VERSION) {
                // As programs write and read it that know of no test split.
                tree.remove(TEST);
            }
            out.write(JSON.writeValueAsBytes(tree));
            out.write('\n');
        }
    }
}
