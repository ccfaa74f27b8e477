package org.erat.generation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.Serializable;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.BadInputException;
import org.erat.data.storage.AtomicOutput;
import org.erat.data.text.TextTokenizer;
import org.erat.inference.ExampleProgress;
import org.erat.inference.OrderedLines;
import scala.Tuple2;

/**
 * Completes prompts in a Spark job, as JSON lines. Prompts are sorted by length and cut into batches, which follow from the
 * prompts and the size of a batch alone: any cluster gives the same completions.
 */
public final class Generations {
    private static final String WHAT = "completions";

    /** So that cores that are done with short batches find others. */
    private static final int TASKS_OF_A_CORE = 4;

    private static final JsonFactory JSON = new JsonFactory();

    private Generations() {}

    /**
     * What executors get once.
     *
     * @param tokenizer of the model
     */
    private record Sent(GeneratingModel model, GenerationSettings settings, TextTokenizer tokenizer)
            implements Serializable {}

    /**
     * Writes a line for each prompt, in the order of ids, all or nothing; a file that is there is replaced: {@code {"id",
     * "prompt", "completion", "tokens", "reason"}}, where tokens is their number in the completion, the end token not
     * counted, and reason is {@code end} where the model ended the text and {@code length} where it was cut.
     *
     * @param prompts at least one
     * @param batchSize prompts that a task completes together
     * @param file file to write, on any Hadoop file system
     * @param progress takes a line every few seconds
     * @throws BadInputException naming a prompt that leaves no room for a completion
     * @throws org.erat.data.UsageException if the file cannot be written
     */
    public static void write(
            SparkSession spark,
            GeneratingModel model,
            GenerationSettings settings,
            TextTokenizer tokenizer,
            List<Prompt> prompts,
            int batchSize,
            Path file,
            Consumer<String> progress) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        AtomicOutput output = AtomicOutput.at(file, context.hadoopConfiguration());
        output.requireFile();
        prompts.forEach(prompt -> requireRoom(prompt, model));
        LongAccumulator done = spark.sparkContext().longAccumulator(WHAT);
        Broadcast<Sent> sent = context.broadcast(new Sent(model, settings, tokenizer));
        spark.sparkContext().setJobDescription(WHAT);
        try {
            List<List<List<Prompt>>> tasks =
                    tasks(batches(prompts, batchSize), TASKS_OF_A_CORE * context.defaultParallelism());
            JavaPairRDD<Long, String> lines = context.parallelize(tasks, tasks.size())
                    .mapPartitionsToPair(of -> complete(of, sent.value(), done));
            OrderedLines.write(
                    lines,
                    prompts.get(prompts.size() - 1).id() + 1,
                    output,
                    new ExampleProgress(WHAT, done, prompts.size(), progress));
        } finally {
            sent.destroy();
            spark.sparkContext().setJobDescription(null);
        }
    }

    private static void requireRoom(Prompt prompt, GeneratingModel model) {
        int length = prompt.tokens().length;
        if (length == 0) {
            throw new BadInputException(prompt.place() + ": the prompt has no token. Write a text to continue.");
        }
        if (length >= model.context()) {
            throw new BadInputException(prompt.place() + ": the prompt has " + length
                    + " tokens, but prompt and completion" + " together have at most " + model.context() + " with "
                    + model.uri() + ". Shorten the prompt.");
        }
    }

    /** Batches of like length, in the order of length. */
    private static List<List<Prompt>> batches(List<Prompt> prompts, int batchSize) {
        List<Prompt> byLength = new ArrayList<>(prompts);
        byLength.sort(Comparator.comparingInt(prompt -> prompt.tokens().length));
        return IntStream.range(0, (prompts.size() + batchSize - 1) / batchSize)
                .mapToObj(b -> byLength.subList(b * batchSize, Math.min(prompts.size(), (b + 1) * batchSize)))
                .<List<Prompt>>map(ArrayList::new)
                .toList();
    }

    /** The batches of each task: short and long ones in each. */
    private static List<List<List<Prompt>>> tasks(List<List<Prompt>> batches, int most) {
        int count = Math.min(most, batches.size());
        List<List<List<Prompt>>> tasks = new ArrayList<>();
        for (int task = 0; task < count; task++) {
            List<List<Prompt>> ofTask = new ArrayList<>();
            for (int b = task; b < batches.size(); b += count) {
                ofTask.add(batches.get(b));
            }
            tasks.add(ofTask);
        }
        return tasks;
    }

    private static Iterator<Tuple2<Long, String>> complete(
            Iterator<List<List<Prompt>>> tasks, Sent sent, LongAccumulator done) {
        List<Tuple2<Long, String>> lines = new ArrayList<>();
        try (Generator generator = new Generator(sent.model(), sent.settings());
                TextTokenizer.Opened tokenizer = sent.tokenizer().open()) {
            while (tasks.hasNext()) {
                for (List<Prompt> batch : tasks.next()) {
                    List<Completion> completions = generator.complete(batch);
                    for (int i = 0; i < batch.size(); i++) {
                        lines.add(new Tuple2<>(batch.get(i).id(), line(batch.get(i), completions.get(i), tokenizer)));
                    }
                    done.add(batch.size());
                }
            }
        }
        return lines.iterator();
    }

    private static String line(Prompt prompt, Completion completion, TextTokenizer.Opened tokenizer) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("id", prompt.id());
            json.writeStringField("prompt", prompt.text());
            json.writeStringField("completion", tokenizer.continuation(prompt.tokens(), completion.tokens()));
            json.writeNumberField("tokens", completion.tokens().length);
            json.writeStringField("reason", completion.ended() ? "end" : "length");
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("A string takes all that is written to it", e);
        }
        return text.toString();
    }
}
