package org.erat.compute.nd4j;

import static org.erat.compute.nd4j.Nd4jTensor.array;

import org.erat.compute.Losses;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Losses and their gradients. */
final class Nd4jLosses implements Losses {
    private final Nd4jMemory memory;

    Nd4jLosses(Nd4jMemory memory) {
        this.memory = memory;
    }

    @Override
    public void crossEntropy(Tensor logits, int[] classes, double smoothing, double weight, Tensor losses) {
        Shapes.checkCrossEntropy(logits, classes, smoothing, losses);
        INDArray given = array(logits);
        INDArray shifted = given.subColumnVector(given.max(1));
        INDArray sums = Transforms.exp(shifted).sum(1);
        INDArray logSoftmax = shifted.subiColumnVector(Transforms.log(sums));
        double ofEach = smoothing / given.size(1);
        INDArray wanted = Nd4j.zeros(memory.type(), given.shape()).addi(ofEach);
        for (int row = 0; row < classes.length; row++) {
            wanted.putScalar(row, classes[row], 1 - smoothing + ofEach);
        }
        array(losses).assign(wanted.mul(logSoftmax).sum(1).negi());
        given.assign(Transforms.exp(logSoftmax).subi(wanted).muli(weight));
    }

    @Override
    public void binaryCrossEntropy(Tensor logits, float[] targets, double weight, Tensor losses) {
        Shapes.checkBinaryCrossEntropy(logits, targets, losses);
        INDArray x = array(logits);
        INDArray y = Nd4j.createFromArray(targets).castTo(memory.type()).reshape('c', x.shape());
        // Of the negative exponent only, which cannot overflow.
        INDArray small = Transforms.exp(Transforms.abs(x).negi());
        INDArray softplus = Transforms.max(x, 0).addi(Transforms.log(small.add(1)));
        array(losses).assign(softplus.subi(x.mul(y)).mean(1));
        x.assign(Transforms.sigmoid(x).subi(y).muli(weight / x.size(1)));
    }

    @Override
    public void squaredError(Tensor outputs, float[] targets, double weight, Tensor losses) {
        Shapes.checkSquaredError(outputs, targets, losses);
        INDArray given = array(outputs);
        INDArray error =
                given.sub(Nd4j.createFromArray(targets).castTo(memory.type()).reshape(targets.length, 1));
        array(losses).assign(error.mul(error).reshape(targets.length));
        given.assign(error.muli(2 * weight));
    }
}
