package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.safetensors.FloatTensor;

/** What every importer has to do with what it makes, and with what it cannot use. */
final class PreparedModels {
    private PreparedModels() {}

    /** The prepared model holds these tensors, in their shapes, and no others. */
    static void assertHolds(Path prepared, Map<String, FloatTensor> expected) {
        try (BaseModelDirectory model = BaseModelDirectory.open(prepared)) {
            assertThat(model.tensors().names()).containsExactlyInAnyOrderElementsOf(expected.keySet());
            expected.forEach((name, tensor) -> assertThat(
                            SyntheticModel.values(model.tensors().requireFloats(name, tensor.shape())))
                    .as(name)
                    .isEqualTo(SyntheticModel.values(tensor.values())));
        }
    }

    /** The source, alone in its directory, is refused with these words, and nothing is left beside it. */
    static void assertRefused(Path source, String... reasons) {
        Path directory = source.getParent();
        assertThatThrownBy(() -> BaseModelImporter.importModel(source.toString(), directory.resolve("out"), line -> {}))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(reasons)
                .hasMessageContaining(source.toString());
        try (Stream<Path> entries = Files.list(directory)) {
            assertThat(entries).as("nothing half-written").containsExactly(source);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
