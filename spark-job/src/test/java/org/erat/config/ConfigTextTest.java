package org.erat.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTextTest {
    private static final String PATHS = "model.path = m\ndata.train = d\n";

    @TempDir
    private Path folder;

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static void assertRefused(Path file, String... message) {
        assertThatThrownBy(() -> JobConfig.load(file, List.of()))
                .isInstanceOf(UsageException.class)
                .hasMessageContainingAll(message);
    }

    @Test
    void filesThatIncludeEachOtherAreNamedInOrder() throws IOException {
        Path a = write("a.conf", "include \"b\"\ntraining.epochs = 1\n");
        Path b = write("b.conf", "seed = 1\n  include required(file(\"c.conf\"))\n");
        Path c = write("c.conf", "include \"./a.conf\"\n");
        Path again = folder.resolve("./a.conf");
        assertRefused(
                a,
                "Configuration file " + again + " includes itself: " + a + " > " + b + " > " + c + " > " + again
                        + ". Remove one of these includes.");
        assertRefused(write("self.conf", "include \"self.conf\""), "self.conf includes itself");
    }

    /** Twice is not for ever. */
    @Test
    void aFileMayBeIncludedByTwo() throws IOException {
        write("base.conf", PATHS);
        write("one.conf", "include \"base.conf\"\nseed = 2\n");
        write("two.conf", "include \"base.conf\"\n");
        Path all = write("all.conf", "include \"two.conf\"\ninclude \"one.conf\"\n");
        assertThat(JobConfig.load(all, List.of()).seed()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{", "a.", "{a:[", "${"})
    void nestingWithoutEndIsRefused(String level) throws IOException {
        String deep = level.repeat(100_000);
        String key = level.equals("a.") ? "" : "seed = ";
        assertRefused(write("deep.conf", PATHS + key + deep + "x = 1"), "nested");
        assertThatThrownBy(() -> JobConfig.parse(deep + "x = 1", "text", List.of()))
                .isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> JobConfig.parse(PATHS, "text", List.of("seed=" + level.repeat(30_000))))
                .isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> JobConfig.parse(PATHS, "text", List.of("a.".repeat(30_000) + "b=1")))
                .isInstanceOf(UsageException.class);
    }

    @Test
    void theLineOfTheDeepestPlaceIsNamed() throws IOException {
        Path deep = write("deep.conf", "# {{{\n// [[[\nx = \"\"\"\n{\"\"\"\n" + "a {\n".repeat(51) + "}".repeat(51));
        assertRefused(deep, "deep.conf, line 55 is nested more than 50 levels deep");
    }

    @Test
    void bracketsInQuotesAndCommentsDoNotCount() throws IOException {
        Path file = write(
                "many.conf",
                "# " + "{".repeat(100) + "\n" + PATHS + "data.validation = \"\\\"" + "[".repeat(100) + "\" // "
                        + "{".repeat(100));
        assertThat(JobConfig.load(file, List.of()).data().validation()).isEqualTo("\"" + "[".repeat(100));
    }

    @Test
    void aChainOfSubstitutionsWithoutEndIsRefused() throws IOException {
        String chain = IntStream.range(0, 30_000)
                .mapToObj(i -> "a" + i + " = ${a" + (i + 1) + "}\n")
                .collect(Collectors.joining());
        assertRefused(write("chain.conf", PATHS + chain + "a30000 = 1\n"), "The configuration cannot be read");
    }

    @Test
    void aFileThatIsNoConfigurationIsNamedBeforeItIsRead() throws IOException {
        byte[] many = new byte[2 << 20];
        java.util.Arrays.fill(many, (byte) 'x');
        Path large = Files.write(folder.resolve("large.conf"), many);
        assertRefused(large, "large.conf has 2097152 bytes, and a configuration at most 1048576");
        assertRefused(write("including.conf", PATHS + "include \"large.conf\""), "large.conf has 2097152 bytes");
    }

    @Test
    void anIncludedFileMustBeUtf8Too() throws IOException {
        Files.write(folder.resolve("latin.conf"), "model.path = \"café\"".getBytes(StandardCharsets.ISO_8859_1));
        assertRefused(write("including.conf", PATHS + "include \"latin\""), "latin.conf is not UTF-8 text");
    }
}
