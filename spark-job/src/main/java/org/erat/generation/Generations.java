package org.erat.generation;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.BadInputException;
import org.erat.inference.ExampleProgress;

/**
 * Completes prompts in a Spark job. They are sorted by length and cut into batches, which follow from the prompts and the
 * size of a batch alone: any cluster gives the same completions.
 */
public final class Generations {
    private static final String WHAT = "completions";

    /** So that cores that are done with short batches find others. */
    private static final int TASKS_OF_A_CORE = 4;

    private final SparkSession spark;
    private final GenerationSettings settings;
    private final int batchSize;
    private final Consumer<String> progress;

    /**
     * @param batchSize prompts that a task completes together
     * @param progress takes a line every few seconds
     */
    public Generations(SparkSession spark, GenerationSettings settings, int batchSize, Consumer<String> progress) {
        this.spark = spark;
        this.settings = settings;
        this.batchSize = batchSize;
        this.progress = progress;
    }

    /** What executors get once. */
    private record Sent(TextModel model, GenerationSettings settings) implements Serializable {}

    /** What comes back of a prompt. */
    private record Completed(long id, String text, int tokens, boolean ended) implements Serializable {
        static Completed of(GeneratedText text) {
            return new Completed(text.id(), text.text(), text.tokens(), text.ended());
        }
    }

    /**
     * The completions of prompts, in their order.
     *
     * @param prompts at least one
     * @throws BadInputException naming a prompt that leaves no room for a completion
     */
    public List<GeneratedText> of(TextModel model, List<Prompt> prompts) {
        prompts.forEach(prompt -> TextGenerator.requireRoom(prompt, model.model()));
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        LongAccumulator done = spark.sparkContext().longAccumulator(WHAT);
        Broadcast<Sent> sent = context.broadcast(new Sent(model, settings));
        spark.sparkContext().setJobDescription(WHAT);
        long start = System.nanoTime();
        Map<Long, Completed> byId = new HashMap<>();
        try {
            List<List<List<Prompt>>> tasks =
                    tasks(batches(prompts, batchSize), TASKS_OF_A_CORE * context.defaultParallelism());
            new ExampleProgress(WHAT, done, prompts.size(), progress)
                    .await(context.parallelize(tasks, tasks.size())
                            .mapPartitions(of -> complete(of, sent.value(), done))
                            .collectAsync())
                    .forEach(each -> byId.put(each.id(), each));
        } finally {
            sent.destroy();
            spark.sparkContext().setJobDescription(null);
        }
        long tokens = byId.values().stream().mapToLong(Completed::tokens).sum();
        progress.accept(String.format(
                "%,d completions, %,d tokens in %.1f s", prompts.size(), tokens, (System.nanoTime() - start) / 1e9));
        return prompts.stream()
                .map(prompt -> text(prompt, byId.get(prompt.id())))
                .toList();
    }

    private static GeneratedText text(Prompt prompt, Completed completed) {
        return new GeneratedText(prompt.id(), prompt.text(), completed.text(), completed.tokens(), completed.ended());
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

    private static Iterator<Completed> complete(Iterator<List<List<Prompt>>> tasks, Sent sent, LongAccumulator done) {
        List<Completed> all = new ArrayList<>();
        try (TextGenerator generator = new TextGenerator(sent.model(), sent.settings())) {
            while (tasks.hasNext()) {
                for (List<Prompt> batch : tasks.next()) {
                    generator.complete(batch).forEach(each -> all.add(Completed.of(each)));
                    done.add(batch.size());
                }
            }
        }
        return all.iterator();
    }
}
