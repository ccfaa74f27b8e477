package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The classes that call NVIDIA's libraries, in a JVM of their own in which these have stand-ins: they take the tests that
 * every implementation takes, and say what fails.
 */
class NvidiaClassesTest {
    private static final Pattern SUMMARY = Pattern.compile("(\\d+) of (\\d+) tests succeeded");

    /** So many have the tests that every implementation takes; a JVM that finds no device has none of them. */
    private static final int LEAST = 150;

    /** Where the build has put them. */
    private static final Path NATIVES = Path.of("target/cuda-natives/cuda-linux-x86_64.jar");

    @TempDir
    private Path folder;

    @Test
    void theyPassEveryTestOnStandInsForTheLibraries() throws IOException, InterruptedException {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
        assumeTrue(Files.exists(NATIVES), NATIVES + " is missing: JavaCPP's libraries of CUDA are for x86-64 here");
        assumeTrue(
                getClass().getResource("/org/nd4j/linalg/jcublas/JCublasBackend.class") == null,
                "the job is built for CUDA 11.6");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // The work is in native code: nothing is gained by optimizing what calls it, or by several collectors.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx2g"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens"))
                .forEach(command::add);
        // Kernels that were compiled for a stand-in are kept where no other process looks for them.
        command.addAll(List.of(
                "-Djava.io.tmpdir=" + folder,
                "-D" + StandIns.PROPERTY + "=" + Emulator.get().library()));
        String classPath = System.getProperty("java.class.path") + File.pathSeparator + NATIVES.toAbsolutePath();
        command.addAll(List.of("-cp", classPath, OnStandIns.class.getName()));
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
        }

        String text = Files.readString(output);
        assertThat(process.exitValue()).as(text).isZero();
        Matcher summary = SUMMARY.matcher(text);
        assertThat(summary.find()).as(text).isTrue();
        assertThat(summary.group(1)).as(text).isEqualTo(summary.group(2));
        assertThat(Integer.parseInt(summary.group(1))).as(text).isGreaterThan(LEAST);
    }
}
