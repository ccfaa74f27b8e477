package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The job's jar as it is built, started the way that users start it. */
class ShippedJobIT {
    private static final Path HOME = Path.of(System.getProperty("erat.home")).toAbsolutePath();

    @TempDir
    Path elsewhere;

    private record Ended(int code, String output) {}

    @Test
    void theJarHoldsWhatSparkLacksAndNothingOfSparksOwn() throws IOException {
        try (JarFile jar = new JarFile(System.getProperty("erat.jar"))) {
            assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
                    .isEqualTo("org.erat.cli.Main");
            List<String> names = jar.stream().map(ZipEntry::getName).toList();
            assertThat(names)
                    .contains(
                            "org/erat/shaded/gson/Gson.class",
                            "org/bytedeco/dnnl/linux-x86_64/libdnnl.so.3",
                            "native/lib/linux-x86_64/cpu/libtokenizers.so",
                            "org/nd4j/linalg/cpu/nativecpu/bindings/linux-x86_64/libnd4jcpu.so")
                    .noneMatch(name -> name.startsWith("com/google/gson/"))
                    .noneMatch(name -> name.startsWith("com/fasterxml/jackson/"))
                    .noneMatch(name -> name.startsWith("scala/"))
                    .noneMatch(name -> name.startsWith("org/apache/hadoop/"))
                    .noneMatch(name -> name.startsWith("org/slf4j/"))
                    // CUDA is a profile of its own.
                    .noneMatch(name -> name.startsWith("org/nd4j/linalg/jcublas/"))
                    .noneMatch(name -> name.startsWith("org/bytedeco/cuda/"))
                    .doesNotContain("org/apache/spark/SparkContext.class", "org/apache/spark/ml/Model.class")
                    .noneMatch(name -> name.endsWith(".SF"));
            ZipEntry services = jar.getEntry("META-INF/services/org.nd4j.linalg.factory.Nd4jBackend");
            assertThat(new String(jar.getInputStream(services).readAllBytes(), StandardCharsets.UTF_8))
                    .contains("org.nd4j.linalg.cpu.nativecpu.CpuBackend");
        }
    }

    @Test
    void throughALinkFromAnotherFolderItFindsItselfAndSpark() throws IOException, InterruptedException {
        Path link = Files.createSymbolicLink(elsewhere.resolve("erat"), HOME.resolve("submit/erat"));
        Ended ended = run(link.toString(), "--master", "local[1]", "--version");
        Files.delete(link);
        assertThat(ended.output()).contains("spark 3.5.5", "dl4j 1.0.0-M2.1");
        assertThat(ended.code()).isZero();
    }

    @Test
    void exitCodeAndArgumentsPassThroughSparkSubmit() throws IOException, InterruptedException {
        Ended ended = run(
                HOME.resolve("submit/erat").toString(),
                "train",
                "--conf",
                "c",
                "--run-dir",
                "r",
                "--set",
                "a b'$HOME*");
        assertThat(ended.output()).contains("error: --set a b'$HOME* is not KEY=VALUE");
        assertThat(ended.code()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "--help, 0, Before COMMAND:",
        "--master, 2, --master needs a value",
        "--spark-conf=x, 2, --spark-conf x is not KEY=VALUE",
        "--properties-file=/no/such, 2, Properties file /no/such is not there"
    })
    void optionsBeforeTheCommandAreCheckedBeforeAnythingIsStarted(String option, int code, String message)
            throws IOException, InterruptedException {
        Ended ended = run(HOME.resolve("submit/erat").toString(), option);
        assertThat(ended.output()).contains(message);
        assertThat(ended.code()).isEqualTo(code);
    }

    @Test
    void aSparkHomeWithoutSparkIsNamed() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("env", "SPARK_HOME=" + elsewhere));
        command.addAll(List.of(HOME.resolve("submit/erat").toString(), "train"));
        Ended ended = run(command.toArray(String[]::new));
        assertThat(ended.output()).contains("SPARK_HOME is " + elsewhere, "unset it");
        assertThat(ended.code()).isEqualTo(2);
    }

    private Ended run(String... command) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(elsewhere.toFile()).redirectErrorStream(true);
        builder.environment().remove("SPARK_HOME");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
    }
}
