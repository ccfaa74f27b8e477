package org.erat.dl4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.annotation.Nullable;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.weights.WeightInitXavier;
import org.erat.head.HeadLayout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The arrays of a head as views of its flat parameter vector: weights [out,in] start as Deeplearning4j's Xavier has it,
 * biases at 0, weights of norms at 1.
 */
final class HeadInitializer implements ParamInitializer {
    private final HeadLayout layout;

    HeadInitializer(HeadLayout layout) {
        this.layout = layout;
    }

    /** Name of an array in Deeplearning4j, which takes what is behind the last underscore for it. */
    static String key(HeadLayout.Array array) {
        return array.name().replace('_', '-');
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
        return layout.arrays().stream().map(HeadInitializer::key).toList();
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return keys(false);
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return keys(true);
    }

    private List<String> keys(boolean biases) {
        return layout.arrays().stream()
                .filter(array -> (array.kind() == HeadLayout.Kind.BIAS) == biases)
                .map(HeadInitializer::key)
                .toList();
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return keys(false).contains(key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return keys(true).contains(key);
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
        Map<String, INDArray> flat = flat(paramsView);
        if (initializeParams) {
            for (HeadLayout.Array array : layout.arrays()) {
                INDArray values = flat.get(key(array));
                if (array.kind() != HeadLayout.Kind.WEIGHT) {
                    values.assign(array.kind() == HeadLayout.Kind.NORM ? 1 : 0);
                } else {
                    // [in,out] by columns is [out,in] by rows.
                    long[] shape = {array.columns(), array.rows()};
                    new WeightInitXavier().init(array.columns(), array.rows(), shape, 'f', values);
                }
            }
        }
        Map<String, INDArray> views = shaped(flat);
        views.keySet().forEach(conf::addVariable);
        return views;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradientView) {
        return shaped(flat(gradientView));
    }

    /** @param all null where there are no parameters: Deeplearning4j has no empty arrays */
    private Map<String, INDArray> flat(@Nullable INDArray all) {
        if (all == null) {
            return Map.of();
        }
        INDArray vector = all.reshape(all.length());
        return layout.arrays().stream()
                .collect(Collectors.toMap(
                        HeadInitializer::key,
                        array -> vector.get(NDArrayIndex.interval(array.offset(), array.offset() + array.length())),
                        (one, other) -> one,
                        LinkedHashMap::new));
    }

    private Map<String, INDArray> shaped(Map<String, INDArray> flat) {
        Map<String, INDArray> views = new LinkedHashMap<>();
        for (HeadLayout.Array array : layout.arrays()) {
            views.put(key(array), flat.get(key(array)).reshape('c', array.rows(), array.columns()));
        }
        return views;
    }
}
