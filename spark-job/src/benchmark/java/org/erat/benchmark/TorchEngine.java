package org.erat.benchmark;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.torch.TorchGenerator;
import org.erat.torch.TorchTransformer;

/**
 * The peer: libtorch through DJL, eager operations in C++, in the same shape as a PyTorch program with LoRA would run
 * them. Only adapters and head have gradients; DJL's AdamW updates each in place in one native call.
 */
final class TorchEngine implements org.erat.benchmark.Engine {
    TorchEngine(int threads) {
        System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
        System.setProperty("ai.djl.offline", "true");
    }

    /** What has generated, by model and precision. */
    private final Map<String, TorchGenerator> generators = new HashMap<>();

    @Override
    public Trainer open(Path model, String method, String precision) {
        if (!method.equals("lora")) {
            throw new IllegalArgumentException("The peer trains by LoRA, not by " + method);
        }
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        TorchTransformer transformer = load(manager, model, precision);
        Objective objective = transformer.architecture().causal()
                ? new NextTokens(transformer)
                : new Classes(manager, transformer);
        return new Torch(manager, transformer, objective);
    }

    private static TorchTransformer load(NDManager manager, Path model, String precision) {
        try (BaseModelDirectory directory = BaseModelDirectory.open(model)) {
            return new TorchTransformer(
                    manager,
                    directory.tensors(),
                    directory.architecture(),
                    Precision.valueOf(precision.toUpperCase(Locale.ROOT)));
        }
    }

    @Override
    public Generated generate(Path model, String precision, int[][] prompts, int count) {
        TorchGenerator generator = generators.computeIfAbsent(model + " " + precision, key -> {
            NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
            return new TorchGenerator(manager, load(manager, model, precision));
        });
        long start = System.nanoTime();
        int[][] tokens = generator.complete(prompts, count);
        return new Generated((System.nanoTime() - start) / 1e9, tokens);
    }

    /** What is trained beside the adapters, and what for. */
    private interface Objective {
        /** Values of the head by name, which it trains. */
        Map<String, NDArray> parameters();

        /** What {@link Outcome#logProbabilities} has. */
        NDArray logProbabilities(NDManager scope, Batch batch, TorchTransformer.Adapters adapters);

        /** The mean cross entropy. */
        NDArray loss(NDManager scope, NDArray logProbabilities, Batch batch);
    }

    /** An array and not a plain number, which DJL frees while the autograd graph still refers to it. */
    private static NDArray number(NDManager scope, int value) {
        return scope.create((float) value);
    }

    /** Classes of whole sentences by a head over the mean of the tokens. */
    private static final class Classes implements Objective {
        private final TorchTransformer transformer;
        private final Map<String, NDArray> head = new LinkedHashMap<>();

        Classes(NDManager manager, TorchTransformer transformer) {
            this.transformer = transformer;
            int width = transformer.architecture().width();
            head.put("dense.weight", manager.randomNormal(0, 0.02f, new Shape(width, width), DataType.FLOAT32));
            head.put("dense.bias", manager.zeros(new Shape(width)));
            head.put("out_proj.weight", manager.randomNormal(0, 0.02f, new Shape(CLASSES, width), DataType.FLOAT32));
            head.put("out_proj.bias", manager.zeros(new Shape(CLASSES)));
        }

        @Override
        public Map<String, NDArray> parameters() {
            return head;
        }

        @Override
        public NDArray logProbabilities(NDManager scope, Batch batch, TorchTransformer.Adapters adapters) {
            NDArray pooled = transformer.pooled(scope, batch, adapters);
            NDArray dense = Linear.linear(pooled, head.get("dense.weight"), head.get("dense.bias"))
                    .singletonOrThrow()
                    .tanh();
            return Linear.linear(dense, head.get("out_proj.weight"), head.get("out_proj.bias"))
                    .singletonOrThrow()
                    .logSoftmax(-1);
        }

        @Override
        public NDArray loss(NDManager scope, NDArray logProbabilities, Batch batch) {
            int[] labels = ((Targets.Classes) batch.targets()).classes();
            float[] oneHot = new float[batch.size() * CLASSES];
            for (int b = 0; b < batch.size(); b++) {
                oneHot[b * CLASSES + labels[b]] = 1;
            }
            NDArray classes = scope.create(oneHot, new Shape(batch.size(), CLASSES));
            return logProbabilities.mul(classes).sum().neg().div(number(scope, batch.size()));
        }
    }

    /** A language model's next tokens, of which every token of a batch has one. */
    private record NextTokens(TorchTransformer transformer) implements Objective {
        @Override
        public Map<String, NDArray> parameters() {
            return Map.of();
        }

        @Override
        public NDArray logProbabilities(NDManager scope, Batch batch, TorchTransformer.Adapters adapters) {
            int[] classes = ((Targets.TokenClasses) batch.targets()).classes();
            return transformer.losses(scope, batch, classes, adapters).neg();
        }

        @Override
        public NDArray loss(NDManager scope, NDArray logProbabilities, Batch batch) {
            return logProbabilities
                    .sum()
                    .neg()
                    .div(number(scope, batch.targets().count()));
        }
    }

    private static final class Torch implements Trainer {
        private static final List<Projection> ADAPTED = List.of(Projection.QUERY, Projection.VALUE);

        private final NDManager manager;
        private final TorchTransformer transformer;
        private final Family family;
        private final Objective objective;
        private final NDArray scale;
        private final Map<String, NDArray> leaves = new LinkedHashMap<>();
        private final Map<String, NDArray[]> moments = new LinkedHashMap<>();
        private int steps;

        Torch(NDManager manager, TorchTransformer transformer, Objective objective) {
            Architecture architecture = transformer.architecture();
            this.manager = manager;
            this.transformer = transformer;
            this.family = Families.of(architecture);
            this.objective = objective;
            this.scale = transformer.cast(manager, manager.create((float) (ALPHA / RANK)));
            for (int block = 0; block < architecture.blocks(); block++) {
                for (Projection projection : ADAPTED) {
                    String module = family.projection(block, projection);
                    Shape a = new Shape(RANK, architecture.in(projection));
                    leaf("a." + module, manager.randomNormal(0, 0.02f, a, DataType.FLOAT32));
                    leaf("b." + module, manager.zeros(new Shape(RANK, architecture.out(projection))));
                }
            }
            objective.parameters().forEach(this::leaf);
        }

        /** y + α/R·(x·Aᵀ)·B. */
        private NDArray adapted(NDArray y, NDArray x, int block, Projection projection) {
            if (!ADAPTED.contains(projection)) {
                return y;
            }
            String module = family.projection(block, projection);
            NDManager scope = x.getManager();
            NDArray a = transformer.cast(scope, leaves.get("a." + module)).transpose();
            a.attach(scope);
            NDArray b = transformer.cast(scope, leaves.get("b." + module));
            return y.add(x.matMul(a).mul(scale).matMul(b));
        }

        private void leaf(String name, NDArray values) {
            values.setRequiresGradient(true);
            leaves.put(name, values);
            moments.put(name, new NDArray[] {values.zerosLike(), values.zerosLike()});
        }

        @Override
        public double train(Batch batch, int step) {
            long start = System.nanoTime();
            try (NDManager scope = manager.newSubManager();
                    GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray outputs = objective.logProbabilities(scope, batch, this::adapted);
                collector.backward(objective.loss(scope, outputs, batch));
            }
            update();
            return (System.nanoTime() - start) / 1e9;
        }

        /** AdamW, which also clears the gradients. */
        private void update() {
            steps++;
            double correction = Math.sqrt(1 - Math.pow(0.999, steps)) / (1 - Math.pow(0.9, steps));
            leaves.forEach((name, weight) -> {
                NDArray[] state = moments.get(name);
                try (NDArray gradient = weight.getGradient()) {
                    NDList inputs = new NDList(weight, gradient, state[0], state[1]);
                    weight.getNDArrayInternal()
                            .adamUpdate(
                                    inputs,
                                    new NDList(weight),
                                    (float) LEARNING_RATE,
                                    (float) (LEARNING_RATE * correction),
                                    (float) WEIGHT_DECAY,
                                    1,
                                    -1,
                                    0.9f,
                                    0.999f,
                                    1e-8f,
                                    true,
                                    true);
                }
            });
        }

        @Override
        public double forward(Batch batch) {
            boolean mode = JniUtils.isGradMode();
            JniUtils.setGradMode(false);
            long start = System.nanoTime();
            try (NDManager scope = manager.newSubManager()) {
                objective.logProbabilities(scope, batch, this::adapted).toFloatArray();
                return (System.nanoTime() - start) / 1e9;
            } finally {
                JniUtils.setGradMode(mode);
            }
        }

        @Override
        public Map<String, float[]> parameters() {
            Map<String, float[]> values = new TreeMap<>();
            leaves.forEach((name, weight) -> values.put(name, weight.toFloatArray()));
            return values;
        }

        @Override
        public Outcome outcome(Map<String, float[]> parameters, Batch batch) {
            boolean mode = JniUtils.isGradMode();
            JniUtils.setGradMode(false);
            parameters.forEach((name, values) -> {
                NDArray weight = leaves.get(name);
                try (NDArray given = manager.create(values, weight.getShape())) {
                    weight.subi(weight);
                    weight.addi(given);
                }
            });
            JniUtils.setGradMode(mode);
            float[] logProbabilities;
            try (NDManager scope = manager.newSubManager();
                    GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray outputs = objective.logProbabilities(scope, batch, this::adapted);
                logProbabilities = outputs.toFloatArray();
                collector.backward(objective.loss(scope, outputs, batch));
            }
            Map<String, float[]> gradients = new TreeMap<>();
            leaves.forEach((name, weight) -> {
                try (NDArray gradient = weight.getGradient()) {
                    gradients.put(name, gradient.toFloatArray());
                    gradient.subi(gradient);
                }
            });
            return new Outcome(logProbabilities, gradients);
        }
    }
}
