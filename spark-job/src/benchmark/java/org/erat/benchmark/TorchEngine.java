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
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
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

    @Override
    public Trainer open(Path model, String method, String precision) {
        if (!method.equals("lora")) {
            throw new IllegalArgumentException("The peer trains by LoRA, not by " + method);
        }
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        try (BaseModelDirectory directory = BaseModelDirectory.open(model)) {
            TorchTransformer transformer = new TorchTransformer(
                    manager,
                    directory.tensors(),
                    directory.architecture(),
                    Precision.valueOf(precision.toUpperCase(Locale.ROOT)));
            return new Torch(manager, transformer, directory.architecture());
        }
    }

    private static final class Torch implements Trainer {
        private static final Set<Projection> ADAPTED = Set.of(Projection.QUERY, Projection.VALUE);

        private final NDManager manager;
        private final TorchTransformer transformer;
        private final Family family;
        private final NDArray scale;
        private final Map<String, NDArray> leaves = new LinkedHashMap<>();
        private final Map<String, NDArray[]> moments = new LinkedHashMap<>();
        private int steps;

        Torch(NDManager manager, TorchTransformer transformer, Architecture architecture) {
            this.manager = manager;
            this.transformer = transformer;
            this.family = Families.of(architecture);
            this.scale = transformer.cast(manager, manager.create((float) (ALPHA / RANK)));
            int width = architecture.width();
            for (int block = 0; block < architecture.blocks(); block++) {
                for (Projection projection : ADAPTED) {
                    String module = family.projection(block, projection);
                    leaf("a." + module, manager.randomNormal(0, 0.02f, new Shape(RANK, width), DataType.FLOAT32));
                    leaf("b." + module, manager.zeros(new Shape(RANK, width)));
                }
            }
            leaf("dense.weight", manager.randomNormal(0, 0.02f, new Shape(width, width), DataType.FLOAT32));
            leaf("dense.bias", manager.zeros(new Shape(width)));
            leaf("out_proj.weight", manager.randomNormal(0, 0.02f, new Shape(CLASSES, width), DataType.FLOAT32));
            leaf("out_proj.bias", manager.zeros(new Shape(CLASSES)));
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
                collector.backward(loss(scope, logProbabilities(scope, batch), batch));
            }
            update();
            return (System.nanoTime() - start) / 1e9;
        }

        /** An array and not a plain number, which DJL frees while the autograd graph still refers to it. */
        private static NDArray perExample(NDManager scope, Batch batch) {
            return scope.create((float) batch.size());
        }

        /** Mean cross-entropy. */
        private static NDArray loss(NDManager scope, NDArray logProbabilities, Batch batch) {
            int[] labels = ((Targets.Classes) batch.targets()).classes();
            float[] oneHot = new float[batch.size() * CLASSES];
            for (int b = 0; b < batch.size(); b++) {
                oneHot[b * CLASSES + labels[b]] = 1;
            }
            NDArray classes = scope.create(oneHot, new Shape(batch.size(), CLASSES));
            return logProbabilities.mul(classes).sum().neg().div(perExample(scope, batch));
        }

        private NDArray logProbabilities(NDManager scope, Batch batch) {
            NDArray pooled = transformer.pooled(scope, batch, this::adapted);
            NDArray dense = Linear.linear(pooled, leaves.get("dense.weight"), leaves.get("dense.bias"))
                    .singletonOrThrow()
                    .tanh();
            return Linear.linear(dense, leaves.get("out_proj.weight"), leaves.get("out_proj.bias"))
                    .singletonOrThrow()
                    .logSoftmax(-1);
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
                logProbabilities(scope, batch).toFloatArray();
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
                NDArray outputs = logProbabilities(scope, batch);
                logProbabilities = outputs.toFloatArray();
                collector.backward(loss(scope, outputs, batch));
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
