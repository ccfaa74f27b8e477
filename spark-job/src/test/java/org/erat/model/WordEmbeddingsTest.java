package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.memory.StridedTensor;
import org.erat.config.Activations;
import org.erat.config.ComputeSettings;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.erat.data.basemodel.BaseModelDirectory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A table of 250,002 words, as XLM-RoBERTa has it: it is never copied, whatever the layout of other weights and the precision
 * of activations. Shards gather the rows of their tokens from the one mapping of the file.
 */
class WordEmbeddingsTest {
    private static final int VOCABULARY = 250_002;
    private static final int WIDTH = 8;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"F32, PACKED", "F32, PLAIN", "BF16, PACKED"})
    void rowsAreGatheredFromTheMappedFile(Precision precision, Weights layout) throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/self/maps")), "no /proc/self/maps: this is no Linux");
        Architecture architecture = Architecture.encoder(
                "roberta", VOCABULARY, 1, Positions.ofRealTokens(514, 1), 1, WIDTH, 2, 16, Activation.GELU, 1e-5, 1);
        TinyBaseModel model = TinyBaseModel.write(folder, architecture);
        ComputeSettings compute = new ComputeSettings(DeviceChoice.CPU, 1, precision, layout, Activations.KEPT);
        String uri = folder.toUri().toString();
        try (BaseWeights first = BaseWeights.acquire(uri, model.sha256(), architecture, compute);
                BaseWeights second = BaseWeights.acquire(uri, model.sha256(), architecture, compute)) {
            assertThat(second.weights()).as("weights of another shard").isSameAs(first.weights());
            Tensor words = first.weights().words();
            assertThat(mapping(((StridedTensor) words).address())).endsWith(BaseModelDirectory.TENSORS);
            requireLastRow(first, words);
        }
    }

    private static void requireLastRow(BaseWeights weights, Tensor words) {
        int[] ids = {VOCABULARY - 1, 0};
        try (Kernels kernels = weights.backend().open(1);
                Tensor rows = kernels.tokens().embeddings(words, null, null, ids, new int[2], new int[2])) {
            double[] values = TestTensors.doubles(kernels, rows);
            double[] table = TestTensors.doubles(kernels, words.rows(VOCABULARY - 1L, VOCABULARY));
            for (int i = 0; i < WIDTH; i++) {
                // BF16 has eight bits.
                assertThat(values[i]).isCloseTo(table[i], within(0x1p-8 * Math.abs(table[i])));
            }
        }
    }

    /** The line of the mapping that holds an address. */
    private static String mapping(long address) throws IOException {
        List<String> holding = Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> {
                    String[] range = line.substring(0, line.indexOf(' ')).split("-", -1);
                    return Long.compareUnsigned(Long.parseUnsignedLong(range[0], 16), address) <= 0
                            && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0;
                })
                .toList();
        assertThat(holding).as("mappings of the address").hasSize(1);
        return holding.get(0);
    }
}
