package org.erat.compute.nd4j;

import static org.erat.compute.nd4j.Nd4jTensor.array;

import org.erat.compute.Norms;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Layer normalization and RMS normalization. */
final class Nd4jNorms implements Norms {
    private final Nd4jMemory memory;

    Nd4jNorms(Nd4jMemory memory) {
        this.memory = memory;
    }

    @Override
    public Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor mean, Tensor rstd) {
        Shapes.checkLayerNorm("layerNorm", x, weight, bias, mean, rstd);
        INDArray mu = array(x).mean(1);
        INDArray centred = array(x).subColumnVector(mu);
        INDArray perDeviation = Transforms.pow(centred.mul(centred).mean(1).addi(epsilon), -0.5);
        array(mean).assign(mu);
        array(rstd).assign(perDeviation);
        return memory.own(centred.muliColumnVector(perDeviation)
                .muliRowVector(array(weight))
                .addiRowVector(array(bias)));
    }

    @Override
    public Tensor layerNormBackward(Tensor dy, Tensor weight, Tensor bias, double epsilon, NormState saved) {
        Shapes.checkLayerNorm("layerNormBackward", saved.input(), weight, bias, saved.mean(), saved.rstd());
        Shapes.checkShape("layerNormBackward", "dy", dy, saved.input().shape());
        INDArray perDeviation = array(saved.rstd());
        INDArray normal =
                array(saved.input()).subColumnVector(array(saved.mean())).muliColumnVector(perDeviation);
        INDArray dNormal = array(dy).mulRowVector(array(weight));
        INDArray alongNormal = dNormal.mul(normal).mean(1);
        INDArray alongOnes = dNormal.mean(1);
        return memory.own(dNormal.subi(normal.muliColumnVector(alongNormal))
                .subiColumnVector(alongOnes)
                .muliColumnVector(perDeviation));
    }

    @Override
    public Tensor rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor rstd) {
        Shapes.checkRmsNorm("rmsNorm", x, weight, rstd);
        INDArray in = array(x);
        INDArray perDeviation = Transforms.pow(in.mul(in).mean(1).addi(epsilon), -0.5);
        array(rstd).assign(perDeviation);
        return memory.own(in.mulColumnVector(perDeviation).muliRowVector(array(weight)));
    }

    @Override
    public Tensor rmsNormBackward(Tensor dy, Tensor weight, NormState saved) {
        Shapes.checkRmsNorm("rmsNormBackward", saved.input(), weight, saved.rstd());
        Shapes.checkShape("rmsNormBackward", "dy", dy, saved.input().shape());
        INDArray perDeviation = array(saved.rstd());
        INDArray normal = array(saved.input()).mulColumnVector(perDeviation);
        INDArray dNormal = array(dy).mulRowVector(array(weight));
        INDArray alongNormal = dNormal.mul(normal).mean(1);
        return memory.own(dNormal.subi(normal.muliColumnVector(alongNormal)).muliColumnVector(perDeviation));
    }
}
