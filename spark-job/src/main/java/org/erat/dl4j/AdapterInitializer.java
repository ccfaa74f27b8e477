package org.erat.dl4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.erat.adapter.AdapterLayout;
import org.erat.learner.LearnerSpec;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The low-rank matrices of a layer as views of its flat parameter vector: {@code <block>.<projection>.A} [R,in] and {@code
 * <block>.<projection>.B} [R,out] (Bᵀ), in the order of {@link AdapterLayout}.
 */
final class AdapterInitializer implements ParamInitializer {
    private final long seed;
    private final AdapterLayout layout;

    AdapterInitializer(LearnerSpec spec) {
        this.seed = spec.seed();
        this.layout = spec.adapterLayout();
    }

    static String keyOfA(AdapterLayout.Slot slot) {
        return slot.block() + "." + slot.projection().key() + ".A";
    }

    static String keyOfB(AdapterLayout.Slot slot) {
        return slot.block() + "." + slot.projection().key() + ".B";
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return layout.length();
    }

    @Override
    public long numParams(Layer layer) {
        return layout.length();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        return layout.slots().stream()
                .flatMap(slot -> Stream.of(keyOfA(slot), keyOfB(slot)))
                .toList();
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return paramKeys(layer);
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return List.of();
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return true;
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return false;
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
        Map<String, INDArray> views = views(paramsView);
        if (initializeParams) {
            SplittableRandom random = new SplittableRandom(seed);
            for (AdapterLayout.Slot slot : layout.slots()) {
                kaimingUniform(views.get(keyOfA(slot)), slot.in(), random.split());
                views.get(keyOfB(slot)).assign(0);
            }
        }
        views.keySet().forEach(conf::addVariable);
        return views;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradientView) {
        return views(gradientView);
    }

    private Map<String, INDArray> views(INDArray flat) {
        INDArray vector = flat.reshape(flat.length());
        Map<String, INDArray> views = new LinkedHashMap<>();
        for (AdapterLayout.Slot slot : layout.slots()) {
            long a = slot.rowOfA(0);
            long b = slot.rowOfB(0);
            long end = slot.offset() + slot.length();
            views.put(keyOfA(slot), vector.get(NDArrayIndex.interval(a, b)).reshape('c', slot.rank(), slot.in()));
            views.put(keyOfB(slot), vector.get(NDArrayIndex.interval(b, end)).reshape('c', slot.rank(), slot.out()));
        }
        return views;
    }

    /** Kaiming-uniform with a = √5: uniform in ±√(6 / ((1 + a²)·in)) = ±1/√in. */
    private static void kaimingUniform(INDArray a, int in, SplittableRandom random) {
        double bound = 1 / Math.sqrt(in);
        for (long row = 0; row < a.rows(); row++) {
            for (long column = 0; column < in; column++) {
                a.putScalar(row, column, random.nextDouble(-bound, bound));
            }
        }
    }
}
