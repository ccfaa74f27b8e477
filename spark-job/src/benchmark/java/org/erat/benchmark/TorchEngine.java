package org.erat.benchmark;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.tokenized.PaddedBatch;

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
            TorchEncoder encoder = new TorchEncoder(manager, directory.tensors(), directory.config(), precision.equals(Bench.BF16));
            return new Torch(manager, encoder, directory.config());
        }
    }

    private static final class Torch implements Trainer {
        private final NDManager manager;
        private final TorchEncoder encoder;
        private final Map<String, NDArray> leaves = new LinkedHashMap<>();
        private final Map<String, NDArray[]> moments = new LinkedHashMap<>();
        private int steps;

        Torch(NDManager manager, TorchEncoder encoder, ModelConfig config) {
            this.manager = manager;
            this.encoder = encoder;
            int width = config.hiddenSize();
            for (String module : encoder.adaptedModules()) {
                leaf("a." + module, manager.randomNormal(0, 0.02f, new Shape(RANK, width), DataType.FLOAT32));
                leaf("b." + module, manager.zeros(new Shape(RANK, width)));
            }
            leaf("dense_W", manager.randomNormal(0, 0.02f, new Shape(width, width), DataType.FLOAT32));
            leaf("dense_b", manager.zeros(new Shape(1, width)));
            leaf("output_W", manager.randomNormal(0, 0.02f, new Shape(width, CLASSES), DataType.FLOAT32));
            leaf("output_b", manager.zeros(new Shape(1, CLASSES)));
        }

        private void leaf(String name, NDArray values) {
            values.setRequiresGradient(true);
            leaves.put(name, values);
            moments.put(name, new NDArray[] {values.zerosLike(), values.zerosLike()});
        }

        @Override
        public double train(PaddedBatch batch, int step) {
            long start = System.nanoTime();
            try (NDManager scope = manager.newSubManager();
                    GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray loss = loss(scope, logits(scope, batch), batch).div(perExample(scope, batch));
                collector.backward(loss);
            }
            update();
            return (System.nanoTime() - start) / 1e9;
        }

        /** An array and not a plain number, which DJL frees while the autograd graph still refers to it. */
        private static NDArray perExample(NDManager scope, PaddedBatch batch) {
            return scope.create((float) batch.size());
        }

        /** Cross-entropy, summed. */
        private static NDArray loss(NDManager scope, NDArray logits, PaddedBatch batch) {
            float[] oneHot = new float[batch.size() * CLASSES];
            for (int b = 0; b < batch.size(); b++) {
                oneHot[b * CLASSES + (int) batch.labels()[b]] = 1;
            }
            NDArray classes = scope.create(oneHot, new Shape(batch.size(), CLASSES));
            return logits.logSoftmax(-1).mul(classes).sum().neg();
        }

        private NDArray logits(NDManager scope, PaddedBatch batch) {
            NDArray pooled = encoder.pooled(scope, leaves, batch);
            return pooled.matMul(leaves.get("dense_W"))
                    .add(leaves.get("dense_b"))
                    .tanh()
                    .matMul(leaves.get("output_W"))
                    .add(leaves.get("output_b"));
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
        public double forward(PaddedBatch batch) {
            boolean mode = JniUtils.isGradMode();
            JniUtils.setGradMode(false);
            long start = System.nanoTime();
            try (NDManager scope = manager.newSubManager()) {
                logits(scope, batch).toFloatArray();
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
        public Outcome outcome(Map<String, float[]> parameters, PaddedBatch batch) {
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
            float[] logits;
            try (NDManager scope = manager.newSubManager();
                    GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray outputs = logits(scope, batch);
                logits = outputs.toFloatArray();
                collector.backward(loss(scope, outputs, batch));
            }
            Map<String, float[]> gradients = new TreeMap<>();
            leaves.forEach((name, weight) -> {
                try (NDArray gradient = weight.getGradient()) {
                    gradients.put(name, gradient.toFloatArray());
                    gradient.subi(gradient);
                }
            });
            return new Outcome(logits, gradients);
        }
    }
}
