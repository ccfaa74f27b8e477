package org.erat.cluster;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A Master and Workers of Spark, each in a process of its own. Each Worker has an address of its own, since Spark starts
 * the copy of a slow task on another host only.
 */
public final class StandaloneCluster implements AutoCloseable {
    private static final String ID = "--executor-id";

    private final Path folder;
    private final Map<String, String> environment;
    private final ChildProcess master;
    private final String url;
    private final List<ChildProcess> workers = new ArrayList<>();

    private StandaloneCluster(Path folder, Map<String, String> environment) {
        this.folder = folder;
        this.environment = environment;
        master = start("master", "127.0.0.1", Map.of(), UnaryOperator.identity(), "master.Master", "--port", "0");
        url = master.awaitLine("Starting Spark master at ");
    }

    /** Starts a Master, and Workers of one core. */
    public static StandaloneCluster start(Path folder, int workers) {
        return start(folder, workers, Map.of());
    }

    /**
     * Starts a Master, and Workers of one core.
     *
     * @param folder logs, and the folders of executors and drivers
     * @param environment of Master and Workers, such as SPARK_MASTER_OPTS
     */
    public static StandaloneCluster start(Path folder, int workers, Map<String, String> environment) {
        StandaloneCluster cluster = new StandaloneCluster(folder, environment);
        for (int i = 0; i < workers; i++) {
            cluster.addWorker();
        }
        return cluster;
    }

    /** Adds a Worker of one core and waits until it is registered. */
    public ChildProcess addWorker() {
        return addWorker(Map.of(), UnaryOperator.identity());
    }

    /**
     * Adds a Worker of one core and waits until it is registered.
     *
     * @param more environment of it and its executors
     * @param wrapper the command that runs it
     */
    public ChildProcess addWorker(Map<String, String> more, UnaryOperator<List<String>> wrapper) {
        String name = "worker-" + workers.size();
        String host = "127.0.0." + (11 + workers.size());
        String work = folder.resolve(name).toString();
        ChildProcess worker = start(
                name, host, more, wrapper, "worker.Worker", "--cores", "1", "--memory", "2g", "--work-dir", work, url);
        workers.add(worker);
        worker.awaitLine("Successfully registered with master");
        return worker;
    }

    private ChildProcess start(
            String name,
            String host,
            Map<String, String> more,
            UnaryOperator<List<String>> wrapper,
            String className,
            String... arguments) {
        Map<String, String> all = new HashMap<>(environment);
        all.put("SPARK_LOCAL_IP", host);
        all.put("SPARK_DAEMON_MEMORY", "256m");
        all.putAll(more);
        List<String> command = new ArrayList<>(List.of(
                Checkout.sparkHome().resolve("bin/spark-class").toString(),
                "org.apache.spark.deploy." + className,
                "--host",
                host,
                "--webui-port",
                "0"));
        command.addAll(List.of(arguments));
        return ChildProcess.start(name, folder, all, wrapper.apply(command));
    }

    /** Address of the Master, for {@code --master}. */
    public String url() {
        return url;
    }

    public List<ChildProcess> workers() {
        return workers;
    }

    /** The process of an executor, by the number that Spark gave it. */
    public ProcessHandle executor(String id) {
        return executors()
                .filter(process -> {
                    List<String> words = Processes.words(process);
                    int at = words.indexOf(ID);
                    return at >= 0 && words.get(at + 1).equals(id);
                })
                .findFirst()
                .orElseThrow();
    }

    /** Waits until no executor is left of an application that has ended. */
    public void awaitNoExecutors() {
        Awaitility.await("executors to end with their driver")
                .atMost(Duration.ofMinutes(1))
                .until(() -> executors().findAny().isEmpty());
    }

    private Stream<ProcessHandle> executors() {
        return workers.stream()
                .flatMap(worker -> worker.handle().descendants())
                .filter(process -> Processes.words(process).contains(ID));
    }

    @Override
    public void close() {
        workers.forEach(ChildProcess::close);
        master.close();
    }
}
