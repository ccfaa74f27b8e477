package org.erat.cluster;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A Master and Workers of Spark, each in a process of its own, on ports that were free. */
public final class StandaloneCluster implements AutoCloseable {
    private final Path folder;
    private final Map<String, String> environment;
    private final int coresOfWorker;
    private final Daemon master;
    private final String uri;
    private final List<Daemon> workers = new ArrayList<>();

    private StandaloneCluster(Path folder, Map<String, String> environment, int coresOfWorker) {
        this.folder = folder;
        this.environment = new HashMap<>(environment);
        this.environment.put("SPARK_LOCAL_IP", "127.0.0.1");
        this.environment.putIfAbsent("SPARK_DAEMON_MEMORY", "256m");
        this.coresOfWorker = coresOfWorker;
        master = start("master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0");
        uri = master.says("Starting Spark master at (spark://\\S+)");
    }

    /** Two Workers of one core and 2 GB each. */
    public static StandaloneCluster start(Path folder) {
        return start(folder, Map.of(), 2, 1);
    }

    /**
     * Starts Master and Workers.
     *
     * @param folder their logs and the folders of what runs on them
     * @param environment of all of them, such as SPARK_MASTER_OPTS
     */
    public static StandaloneCluster start(Path folder, Map<String, String> environment, int workers, int cores) {
        StandaloneCluster cluster = new StandaloneCluster(folder, environment, cores);
        for (int i = 0; i < workers; i++) {
            cluster.addWorker();
        }
        return cluster;
    }

    /** Starts one more Worker and waits until the Master knows it. */
    public void addWorker() {
        String name = "worker-" + workers.size();
        Daemon worker = start(
                name,
                "org.apache.spark.deploy.worker.Worker",
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--cores",
                Integer.toString(coresOfWorker),
                "--memory",
                "2g",
                "--work-dir",
                folder.resolve(name).toString(),
                uri);
        workers.add(worker);
        worker.says("(Successfully registered with master)");
    }

    private Daemon start(String name, String className, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Project.sparkHome().resolve("bin/spark-class").toString(), className));
        command.addAll(List.of("--webui-port", "0"));
        command.addAll(List.of(arguments));
        return Daemon.start(name, folder, environment, command);
    }

    /** The master's address: {@code spark://127.0.0.1:PORT}. */
    public String uri() {
        return uri;
    }

    /** Executors that run now. */
    public List<ProcessHandle> executors() {
        return workers.stream()
                .flatMap(Daemon::processes)
                .filter(Processes::isExecutor)
                .toList();
    }

    /** Drivers that run now: those submitted in cluster mode. */
    public List<ProcessHandle> drivers() {
        return workers.stream()
                .flatMap(Daemon::processes)
                .filter(process -> Processes.runs(process, "org.apache.spark.deploy.worker.DriverWrapper"))
                .toList();
    }

    /** The folder of a Worker, with what its drivers and executors wrote to their standard output and error. */
    public Path workFolder(int worker) {
        return folder.resolve("worker-" + worker);
    }

    /** Kills a Worker with SIGKILL; its executors end when they notice. */
    public void killWorker(int worker) {
        workers.get(worker).signal("KILL");
    }

    @Override
    public void close() {
        workers.forEach(Daemon::close);
        master.close();
    }
}
