package org.erat.network;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Local training steps of one graph, which stands at the first of them ({@link EncoderGraph#startAt}, parameters, optimizer
 * state) and, after {@link #finish}, where the last one led. Confined to one thread.
 */
public interface LocalSteps extends AutoCloseable {
    /**
     * Makes the next step.
     *
     * @param batch token and type ids [B,2,T] with a mask [B,T], targets [B,C]
     * @return mean loss over the batch, before the step
     * @throws NotFiniteException if it gave a number that is not finite; graph and gradient are those of that step then
     */
    double step(MultiDataSet batch);

    /** Brings parameters and optimizer state to the graph. */
    void finish();

    @Override
    void close();

    /**
     * The steps of a graph: where its encoder computes in memory of its own, all that they change stays there until they
     * are finished, if its optimizer can run there; else they are Deeplearning4j's.
     *
     * @param clipNorm largest L2 norm of the mean gradient of a mini-batch; 0 for any
     */
    static LocalSteps of(ComputationGraph graph, double clipNorm) {
        boolean onDevice = EncoderGraph.encoder(graph).passes().kernels().onDevice();
        return onDevice && DeviceSteps.serve(graph)
                ? new DeviceSteps(graph, clipNorm)
                : new GraphSteps(graph, clipNorm);
    }

    /** Thrown out of a step that gave a number that is not finite. */
    final class NotFiniteException extends RuntimeException {
        private final double loss;
        private final boolean moved;

        private NotFiniteException(String message, double loss, boolean moved) {
            super(message);
            this.loss = loss;
            this.moved = moved;
        }

        /** Loss or gradient are not finite, and no parameter has changed. */
        static NotFiniteException before(double loss, double norm) {
            return new NotFiniteException("loss " + loss + ", norm of the gradient " + norm, loss, false);
        }

        /** The step has moved a parameter to what is not a finite number. */
        static NotFiniteException after(double loss) {
            return new NotFiniteException("a parameter that is not finite", loss, true);
        }

        /** Mean loss of the step. */
        public double loss() {
            return loss;
        }

        /** Whether parameters have been moved. */
        public boolean moved() {
            return moved;
        }
    }
}
