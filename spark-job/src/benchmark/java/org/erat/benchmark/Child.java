package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.launcher.JavaModuleOptions;

/** A process of its own that does what it is asked, a line of JSON each way. Idle while it is not asked. */
final class Child implements AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();

    private final String role;
    private final Path log;
    private final Process process;
    private final BufferedWriter to;
    private final BufferedReader from;

    private final List<String> aside = new ArrayList<>();

    private Child(String role, Path log, Process process) {
        this.role = role;
        this.log = log;
        this.process = process;
        this.to = process.outputWriter();
        this.from = process.inputReader();
    }

    /**
     * Starts a process of {@link ChildMain}.
     *
     * @param role what {@link ChildMain} shall be, with its arguments
     * @param environment added to this process's own
     * @param log takes what the process says on its error stream
     */
    static Child start(List<String> role, Map<String, String> environment, Path log) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(JavaModuleOptions.defaultModuleOptions().strip().split("\\s+")));
        command.addAll(List.of(
                "-Xmx3g",
                // Of Qwen2-0.5B libtorch's side holds f32 weights until they are bf16 ones.
                "-XX:MaxDirectMemorySize=8g",
                "-XX:-UsePerfData",
                "-Djava.net.preferIPv4Stack=true",
                "-Dorg.bytedeco.javacpp.maxbytes=12g",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                ChildMain.class.getName()));
        command.addAll(role);
        return start(role.get(0), command, environment, log);
    }

    /**
     * Starts a process of any program that answers so.
     *
     * @param role its name, for people
     * @param command the program with its arguments
     * @param environment added to this process's own
     * @param log takes what the process says on its error stream
     */
    static Child start(String role, List<String> command, Map<String, String> environment, Path log) {
        try {
            Files.createDirectories(log.toAbsolutePath().getParent());
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
            builder.environment().putAll(environment);
            return new Child(role, log, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A request of one kind, to be filled in. */
    static ObjectNode request(String what) {
        return JSON.createObjectNode().put("do", what);
    }

    /** Sends a request and waits for its answer. */
    JsonNode ask(ObjectNode request) {
        try {
            to.write(request.toString());
            to.newLine();
            to.flush();
            String answer = from.readLine();
            while (answer != null && !answer.startsWith("{")) {
                aside.add(answer);
                answer = from.readLine();
            }
            if (answer == null) {
                throw new IllegalStateException("The process '" + role + "' ended at " + request + "; see " + log);
            }
            JsonNode node = JSON.readTree(answer);
            if (node.has("error")) {
                throw new IllegalStateException("The process '" + role + "' failed at " + request + ": "
                        + node.get("error").asText() + "; see " + log);
            }
            return node;
        } catch (IOException e) {
            throw new UncheckedIOException("The process '" + role + "' does not answer; see " + log, e);
        }
    }

    /** What the process has said beside its answers since this was called last. */
    List<String> takeAside() {
        List<String> lines = List.copyOf(aside);
        aside.clear();
        return lines;
    }

    @Override
    public void close() {
        try {
            to.close();
            if (!process.waitFor(1, TimeUnit.MINUTES)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
