package org.erat.data.basemodel;

import org.erat.data.architecture.Bert;
import org.erat.data.architecture.ModelTensors;

/**
 * BERT's forward pass in double precision and plain loops, after Devlin et al. 2019: slow, and independent of everything
 * that trains. It shows that imported weights mean what their names say.
 */
final class PlainEncoder {
    private static final Bert BERT = new Bert();

    private final BaseModelDirectory model;
    private final int width;

    PlainEncoder(BaseModelDirectory model) {
        this.model = model;
        this.width = model.architecture().width();
    }

    /** Mean of the last block's output over all tokens, scaled to length 1; [H]. */
    double[] embedding(long[] ids) {
        double[][] x = encode(ids);
        double[] mean = new double[width];
        double squares = 0;
        for (int h = 0; h < width; h++) {
            for (double[] token : x) {
                mean[h] += token[h] / x.length;
            }
            squares += mean[h] * mean[h];
        }
        for (int h = 0; h < width; h++) {
            mean[h] /= Math.sqrt(squares);
        }
        return mean;
    }

    /** Output of the last block; [tokens, H]. */
    private double[][] encode(long[] ids) {
        float[] words = read(BERT.wordEmbeddings());
        float[] positions = read(BERT.positionEmbeddings().orElseThrow());
        float[] types = read(BERT.tokenTypeEmbeddings().orElseThrow());
        double[][] x = new double[ids.length][width];
        for (int t = 0; t < ids.length; t++) {
            for (int h = 0; h < width; h++) {
                x[t][h] = (double) words[(int) ids[t] * width + h] + positions[t * width + h] + types[h];
            }
        }
        x = norm(x, BERT.embeddingNorm().orElseThrow());
        for (int layer = 0; layer < model.architecture().blocks(); layer++) {
            String block = "encoder.layer." + layer + ".";
            double[][] attended = linear(attention(x, block), block + "attention.output.dense");
            x = norm(sum(x, attended), block + "attention.output.LayerNorm");
            double[][] inner = linear(x, block + "intermediate.dense");
            for (double[] token : inner) {
                for (int f = 0; f < token.length; f++) {
                    token[f] *= 0.5 * (1 + erf(token[f] / Math.sqrt(2)));
                }
            }
            x = norm(sum(x, linear(inner, block + "output.dense")), block + "output.LayerNorm");
        }
        return x;
    }

    private double[][] attention(double[][] x, String block) {
        double[][] query = linear(x, block + "attention.self.query");
        double[][] key = linear(x, block + "attention.self.key");
        double[][] value = linear(x, block + "attention.self.value");
        int size = model.architecture().heads().width();
        double[][] out = new double[x.length][width];
        for (int begin = 0; begin < width; begin += size) {
            for (int t = 0; t < x.length; t++) {
                double[] weights = new double[x.length];
                double total = 0;
                for (int s = 0; s < x.length; s++) {
                    for (int h = begin; h < begin + size; h++) {
                        weights[s] += query[t][h] * key[s][h];
                    }
                    weights[s] = Math.exp(weights[s] / Math.sqrt(size));
                    total += weights[s];
                }
                for (int s = 0; s < x.length; s++) {
                    for (int h = begin; h < begin + size; h++) {
                        out[t][h] += weights[s] / total * value[s][h];
                    }
                }
            }
        }
        return out;
    }

    private double[][] linear(double[][] x, String name) {
        float[] weight = read(ModelTensors.weight(name));
        float[] bias = read(ModelTensors.bias(name));
        int in = x[0].length;
        double[][] y = new double[x.length][bias.length];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < bias.length; o++) {
                double sum = bias[o];
                for (int i = 0; i < in; i++) {
                    sum += weight[o * in + i] * x[t][i];
                }
                y[t][o] = sum;
            }
        }
        return y;
    }

    private double[][] norm(double[][] x, String name) {
        float[] weight = read(ModelTensors.weight(name));
        float[] bias = read(ModelTensors.bias(name));
        for (double[] token : x) {
            double mean = 0;
            double squares = 0;
            for (double value : token) {
                mean += value / width;
                squares += value * value / width;
            }
            double deviation = Math.sqrt(
                    squares - mean * mean + model.architecture().norm().epsilon());
            for (int h = 0; h < width; h++) {
                token[h] = (token[h] - mean) / deviation * weight[h] + bias[h];
            }
        }
        return x;
    }

    private static double[][] sum(double[][] a, double[][] b) {
        for (int t = 0; t < a.length; t++) {
            for (int h = 0; h < a[t].length; h++) {
                b[t][h] += a[t][h];
            }
        }
        return b;
    }

    private float[] read(String name) {
        return SyntheticModel.values(model.tensors().floats(name));
    }

    /** Abramowitz and Stegun 7.1.26; absolute error up to 1.5e-7. */
    private static double erf(double x) {
        double t = 1 / (1 + 0.3275911 * Math.abs(x));
        double poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        return Math.signum(x) * (1 - poly * Math.exp(-x * x));
    }
}
