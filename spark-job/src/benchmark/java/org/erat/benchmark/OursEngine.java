package org.erat.benchmark;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.AdapterLayout;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.model.BaseModel;
import org.erat.network.BatchArrays;
import org.erat.network.EncoderGraph;
import org.erat.network.EncoderSpec;
import org.erat.network.GraphSettings;
import org.erat.network.LocalSteps;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

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
        JobConfig job = JobConfig.parse(
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
        BaseModel base = BaseModel.describe(model.toUri().toString(), new Configuration());
        EncoderSpec spec = EncoderSpec.of(job, base, TOTAL_STEPS);
        GraphSettings settings = new GraphSettings(CLASSES, false, job.training(), TOTAL_STEPS, DataType.FLOAT);
        return new Ours(EncoderGraph.create(spec, settings), spec.layout());
    }

    private static final class Ours implements Trainer {
        private static final List<String> HEAD = List.of("dense_W", "dense_b", "output_W", "output_b");

        private final ComputationGraph graph;
        private final AdapterLayout layout;
        private LocalSteps steps;

        Ours(ComputationGraph graph, AdapterLayout layout) {
            this.graph = graph;
            this.layout = layout;
        }

        @Override
        public double train(PaddedBatch batch, int step) {
            MultiDataSet arrays = BatchArrays.of(batch, CLASSES, false);
            EncoderGraph.startAt(graph, step, 0);
            if (steps == null) {
                steps = LocalSteps.of(graph, 0);
            }
            long start = System.nanoTime();
            steps.step(arrays);
            return (System.nanoTime() - start) / 1e9;
        }

        @Override
        public double forward(PaddedBatch batch) {
            MultiDataSet arrays = BatchArrays.of(batch, CLASSES, false);
            long start = System.nanoTime();
            graph.output(false, arrays.getFeatures(), arrays.getFeaturesMaskArrays(), null);
            return (System.nanoTime() - start) / 1e9;
        }

        @Override
        public Map<String, float[]> parameters() {
            if (steps != null) {
                steps.finish();
            }
            Map<String, float[]> values = new TreeMap<>();
            adapters(values, EncoderGraph.encoder(graph).params());
            HEAD.forEach(name -> values.put(name, floats(graph.getParam(name))));
            return values;
        }

        @Override
        public Outcome outcome(Map<String, float[]> parameters, PaddedBatch batch) {
            set(parameters);
            MultiDataSet arrays = BatchArrays.of(batch, CLASSES, false);
            graph.initGradientsView();
            place(arrays);
            INDArray dense = graph.feedForward(true).get("dense");
            INDArray logits = dense.mmul(graph.getParam("output_W")).addRowVector(graph.getParam("output_b"));
            float[] values = floats(logits);
            place(arrays);
            graph.computeGradientAndScore();
            Map<String, float[]> gradients = new TreeMap<>();
            INDArray flat = graph.getFlattenedGradients();
            adapters(gradients, flat.reshape(flat.length()));
            HEAD.forEach(name -> gradients.put(
                    name, floats(graph.gradient().gradientForVariable().get(name))));
            return new Outcome(values, gradients);
        }

        private void place(MultiDataSet arrays) {
            graph.setInputs(arrays.getFeatures());
            graph.setLabels(arrays.getLabels());
            graph.setLayerMaskArrays(arrays.getFeaturesMaskArrays(), null);
        }

        private void set(Map<String, float[]> parameters) {
            INDArray flat = EncoderGraph.encoder(graph).params();
            float[] adapters = floats(flat);
            for (AdapterLayout.Slot slot : layout.slots()) {
                float[] a = parameters.get(name("a", slot));
                float[] b = parameters.get(name("b", slot));
                System.arraycopy(a, 0, adapters, (int) slot.rowOfA(0), a.length);
                System.arraycopy(b, 0, adapters, (int) slot.rowOfB(0), b.length);
            }
            flat.assign(Nd4j.createFromArray(adapters).reshape(flat.shape()));
            HEAD.forEach(name -> {
                INDArray values = graph.getParam(name);
                values.assign(Nd4j.createFromArray(parameters.get(name)).reshape('c', values.shape()));
            });
        }

        /** The adapters of a flat vector that begins with them. */
        private void adapters(Map<String, float[]> into, INDArray flat) {
            float[] all = floats(flat);
            for (AdapterLayout.Slot slot : layout.slots()) {
                into.put(name("a", slot), rows(all, slot.rowOfA(0), slot.in()));
                into.put(name("b", slot), rows(all, slot.rowOfB(0), slot.out()));
            }
        }

        private static float[] rows(float[] all, long from, int width) {
            return Arrays.copyOfRange(all, (int) from, (int) from + RANK * width);
        }

        private static String name(String matrix, AdapterLayout.Slot slot) {
            return matrix + "." + slot.module();
        }

        private static float[] floats(INDArray values) {
            return values.dup('c').data().asFloat();
        }
    }
}
