package org.erat.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.FloatBuffer;
import java.util.Optional;
import java.util.stream.IntStream;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.cuda.CudaBackend;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.config.Precision;
import org.erat.data.tokenized.Targets;
import org.erat.model.TinyOutputLayers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What logits take, as the device counts the bytes that were held at once. */
class LogitsMemoryTest {
    private static final int WIDTH = 4;
    private static final int TARGETS = 64;
    private static final long LOGIT_BYTES = 1 << 17;

    /** Logits of a chunk, whose place their gradient takes, the largest table's way to the device, states and losses. */
    private static final long MOST_BYTES = LOGIT_BYTES + (1 << 17) + (1 << 14);

    /** All logits at once would be 2 MiB with the largest vocabulary, and the chunks' are 128 KiB. */
    @ParameterizedTest
    @ValueSource(ints = {512, 2048, 8192})
    void scratchMemoryDoesNotGrowWithTheVocabulary(int vocabulary) {
        Optional<Backend> emulated = CudaUnderTest.emulated(Precision.F32);
        assumeTrue(emulated.isPresent(), "the kernels cannot be built for this processor");
        CudaBackend backend = (CudaBackend) emulated.get();
        HeadSpec spec = HeadSpec.ofVocabulary(WIDTH, vocabulary, HeadSpec.Loss.NEXT_TOKEN);
        Targets targets = new Targets.TokenClasses(IntStream.range(0, TARGETS).toArray());
        Head.Parameters none = new Head.Parameters(null, null, 0);
        FloatBuffer table = TestTensors.direct(FloatBuffer.allocate(vocabulary * WIDTH));
        try (Kernels kernels = backend.open(1);
                TinyOutputLayers output =
                        TinyOutputLayers.plain(backend, kernels, table, FloatBuffer.allocate(vocabulary), WIDTH);
                Tensor states = kernels.memory().uploadSingle(FloatBuffer.allocate(TARGETS * WIDTH), TARGETS, WIDTH);
                Tensor losses = kernels.memory().allocateSingle(TARGETS)) {
            long frozen = (long) Float.BYTES * vocabulary * (WIDTH + 1);
            Head head = new LanguageModelHead(spec, 0, kernels, output::layer, LOGIT_BYTES);
            head.lossGradient(states, targets, 1, 0, 0, none, losses).close();

            assertThat(backend.peakBytes() - frozen).isLessThan(MOST_BYTES);
        }
    }
}
