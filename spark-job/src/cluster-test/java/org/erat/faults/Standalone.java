package org.erat.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;

/**
 * A standalone Spark cluster on this machine, Master and Workers in processes of their own. Each Worker has an address of
 * its own, for Spark starts the copy of a slow task on another host only.
 */
final class Standalone implements AutoCloseable {
    private final Path folder;
    private final Started master;
    private final String url;
    private final List<Started> workers = new ArrayList<>();

    private Standalone(Path folder, Started master, String url) {
        this.folder = folder;
        this.master = master;
        this.url = url;
    }

    /** A Master and so many Workers of one core. */
    static Standalone start(Path folder, int workers) {
        int port = freePort();
        Started master = Started.java(
                "master",
                environment("127.0.0.1"),
                List.of("-Xmx256m"),
                List.of(
                        "org.apache.spark.deploy.master.Master",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        Integer.toString(port),
                        "--webui-port",
                        "0"));
        Standalone cluster = new Standalone(folder, master, "spark://127.0.0.1:" + port);
        boolean started = false;
        try {
            master.awaitLine("I have been elected leader");
            for (int i = 0; i < workers; i++) {
                cluster.addWorker();
            }
            started = true;
            return cluster;
        } finally {
            if (!started) {
                cluster.close();
            }
        }
    }

    /** Adds a Worker of one core and waits until it is registered. */
    Started addWorker() {
        return addWorker(Map.of(), UnaryOperator.identity());
    }

    /**
     * Adds a Worker of one core and waits until it is registered.
     *
     * @param environment of it and its executors
     * @param around what its command is run by
     */
    Started addWorker(Map<String, String> environment, UnaryOperator<List<String>> around) {
        String host = "127.0.0." + (11 + workers.size());
        Map<String, String> all = environment(host);
        all.putAll(environment);
        List<String> command = Started.javaCommand(
                List.of("-Xmx256m"),
                List.of(
                        "org.apache.spark.deploy.worker.Worker",
                        "--host",
                        host,
                        "--cores",
                        "1",
                        "--memory",
                        "1g",
                        "--webui-port",
                        "0",
                        "--work-dir",
                        folder.resolve("worker-" + host).toString(),
                        url));
        Started worker = Started.command("worker at " + host, all, around.apply(command));
        workers.add(worker);
        return worker.awaitLine("Successfully registered with master");
    }

    /** Its address, for {@code --master}. */
    String url() {
        return url;
    }

    List<Started> workers() {
        return workers;
    }

    /** The process of an application's executor. */
    Optional<ProcessHandle> executor(String id) {
        return workers.stream()
                .flatMap(worker -> worker.handle().descendants())
                .filter(process -> {
                    List<String> words = Started.words(process);
                    int at = words.indexOf("--executor-id");
                    return at >= 0 && words.get(at + 1).equals(id);
                })
                .findFirst();
    }

    /** Waits until no executor is left of an application that has ended. */
    void awaitNoExecutors() {
        Awaitility.await("executors to end with their driver")
                .atMost(Duration.ofMinutes(1))
                .until(() -> workers.stream()
                        .flatMap(worker -> worker.handle().descendants())
                        .noneMatch(process -> Started.words(process).contains("--executor-id")));
    }

    @Override
    public void close() {
        workers.forEach(Started::close);
        master.close();
    }

    private static Map<String, String> environment(String host) {
        Map<String, String> environment = new HashMap<>();
        environment.put("SPARK_HOME", home().toString());
        environment.put("SPARK_SCALA_VERSION", "2.12");
        environment.put("SPARK_LOCAL_IP", host);
        // The lines by which Master and Worker say that they are up are for information.
        environment.put("LOG4J_CONFIGURATION_FILE", ShippedDefaults.LOGGING.toString());
        environment.put("ERAT_LOG_LEVEL", "info");
        return environment;
    }

    /** Passes for an installation; the class path is that of the tests. */
    static Path home() {
        try {
            Path home = Path.of("target", "spark-home").toAbsolutePath();
            Files.createDirectories(home.resolve("jars"));
            return home;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
