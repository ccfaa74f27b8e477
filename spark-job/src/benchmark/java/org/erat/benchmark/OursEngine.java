package org.erat.benchmark;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.AdapterLayout;
import org.erat.config.JobConfig;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.BatchArrays;
import org.erat.dl4j.LearnerGraph;
import org.erat.dl4j.LocalSteps;
import org.erat.generation.Completion;
import org.erat.generation.GeneratingModel;
import org.erat.generation.GenerationSettings;
import org.erat.generation.Generator;
import org.erat.generation.Prompt;
import org.erat.generation.SpecialTokens;
import org.erat.generation.Strategy;
import org.erat.head.HeadLayout;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.model.BaseModel;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** This project: the graph that a shard's worker trains, with the same steps. */
final class OursEngine implements Engine {
    private final int threads;
    private final String device;

    OursEngine(int threads) {
        this(threads, "auto");
    }

    /** @param device as {@code compute.device} has it */
    OursEngine(int threads, String device) {
        this.threads = threads;
        this.device = device;
    }

    @Override
    public Trainer open(Path model, String method, String precision) {
        return new Ours(graph(model, method, precision), false);
    }

    @Override
    public Trainer openBare(Path model, String method, String precision) {
        return new Ours(graph(model, method, precision), true);
    }

    @Override
    public Generated generate(Path model, String precision, int[][] prompts, int count) {
        BaseModel base = BaseModel.describe(model.toUri().toString(), new Configuration());
        List<Prompt> named = IntStream.range(0, prompts.length)
                .mapToObj(id -> new Prompt(id, "benchmark", "", prompts[id]))
                .toList();
        // Without an end token every completion has the same length.
        try (Generator generator = new Generator(
                GeneratingModel.of(
                        base, null, new SpecialTokens(Set.of(), Set.of(), 0), job(model, Bench.LORA, precision).compute()),
                new GenerationSettings(count, 0, new Strategy.Greedy()))) {
            long start = System.nanoTime();
            List<Completion> completions = generator.complete(named);
            double seconds = (System.nanoTime() - start) / 1e9;
            return new Generated(
                    seconds, completions.stream().map(Completion::tokens).toArray(int[][]::new));
        }
    }

    private ComputationGraph graph(Path model, String method, String precision) {
        BaseModel base = BaseModel.describe(model.toUri().toString(), new Configuration());
        return LearnerGraph.create(
                LearnerSpec.of(
                job(model, method, precision),
                base,
                base.architecture().causal() ? TaskType.LANGUAGE_MODELING : TaskType.CLASSIFICATION,
                CLASSES,
                TOTAL_STEPS));
    }

    /** The configuration that its steps have. */
    JobConfig job(Path model, String method, String precision) {
        return JobConfig.parse(
                """
                method = %s
                model.path = "%s"
                data.train = none
                adapter { rank = %d, alpha = %s, targets = [query, value] }
                training { learning-rate = %s, warmup-share = 0, decay = constant, weight-decay = %s, clip-norm = 0 }
                compute { threads = %d, precision = %s, device = %s }
                """
                        .formatted(
                                method,
                                model.toAbsolutePath(),
                                RANK,
                                ALPHA,
                                LEARNING_RATE,
                                WEIGHT_DECAY,
                                threads,
                                precision,
                                device),
                "benchmark",
                List.of());
    }

    private static final class Ours implements Trainer {
        private final ComputationGraph graph;
        private final ParameterLayout layout;
        private final Family family;
        private final boolean bare;
        private LocalSteps steps;

        Ours(ComputationGraph graph, boolean bare) {
            LearnerSpec spec = LearnerGraph.transformer(graph).spec();
            this.graph = graph;
            this.layout = spec.layout();
            this.family = Families.of(spec.architecture());
            this.bare = bare;
        }

        @Override
        public double train(Batch batch, int step) {
            LearnerGraph.startAt(graph, step, 0);
            if (steps == null) {
                steps = bare ? LocalSteps.byLearner(graph) : LocalSteps.of(graph);
            }
            long start = System.nanoTime();
            steps.step(batch);
            return (System.nanoTime() - start) / 1e9;
        }

        @Override
        public double forward(Batch batch) {
            MultiDataSet arrays = BatchArrays.of(batch);
            long start = System.nanoTime();
            graph.output(false, arrays.getFeatures());
            return (System.nanoTime() - start) / 1e9;
        }

        @Override
        public Map<String, float[]> parameters() {
            if (steps != null) {
                steps.finish();
            }
            return byName(floats(graph.params()));
        }

        @Override
        public Outcome outcome(Map<String, float[]> parameters, Batch batch) {
            set(parameters);
            MultiDataSet arrays = BatchArrays.of(batch);
            float[] logProbabilities = floats(
                    layout.head().arrays().isEmpty()
                            ? graph.scoreExamples(arrays, false).neg()
                            : Transforms.log(graph.output(false, arrays.getFeatures())[0]));
            graph.initGradientsView();
            graph.setInputs(arrays.getFeatures());
            graph.setLabels(arrays.getLabels());
            graph.computeGradientAndScore();
            return new Outcome(logProbabilities, byName(floats(graph.getFlattenedGradients())));
        }

        private void set(Map<String, float[]> parameters) {
            float[] all = floats(graph.params());
            for (AdapterLayout.Slot slot : layout.adapters().slots()) {
                put(parameters.get(name("a", slot)), all, slot.rowOfA(0));
                put(parameters.get(name("b", slot)), all, slot.rowOfB(0));
            }
            for (HeadLayout.Array array : layout.head().arrays()) {
                put(parameters.get(array.name()), all, (long) layout.headGroup().from() + array.offset());
            }
            graph.params()
                    .assign(Nd4j.createFromArray(all).reshape(graph.params().shape()));
        }

        private static void put(float[] values, float[] into, long at) {
            System.arraycopy(values, 0, into, (int) at, values.length);
        }

        private Map<String, float[]> byName(float[] all) {
            Map<String, float[]> values = new TreeMap<>();
            for (AdapterLayout.Slot slot : layout.adapters().slots()) {
                values.put(name("a", slot), take(all, slot.rowOfA(0), RANK * slot.in()));
                values.put(name("b", slot), take(all, slot.rowOfB(0), RANK * slot.out()));
            }
            for (HeadLayout.Array array : layout.head().arrays()) {
                values.put(array.name(), take(all, (long) layout.headGroup().from() + array.offset(), array.length()));
            }
            return values;
        }

        private static float[] take(float[] all, long from, int length) {
            return Arrays.copyOfRange(all, (int) from, (int) from + length);
        }

        private String name(String matrix, AdapterLayout.Slot slot) {
            return matrix + "." + family.projection(slot.block(), slot.projection());
        }

        private static float[] floats(INDArray values) {
            return values.dup('c').data().asFloat();
        }
    }
}
