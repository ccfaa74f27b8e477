package org.erat.cluster;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * HDFS and YARN: a NameNode and each DataNode in a process of its own, ResourceManager and NodeManagers in another; and
 * the configuration folder by which clients find them.
 */
public final class MiniHadoop implements AutoCloseable {
    private static final Map<String, String> HDFS = Map.of(
            "dfs.replication", "2",
            "dfs.namenode.replication.min", "1",
            // A lost DataNode is noticed within seconds, and clients that write go on with the one that is left.
            "dfs.heartbeat.interval", "1",
            "dfs.namenode.heartbeat.recheck-interval", "2000",
            "dfs.client.block.write.replace-datanode-on-failure.best-effort", "true",
            "dfs.permissions.superusergroup", "supergroup",
            "fs.permissions.umask-mode", "022");
    private static final Map<String, String> DATA_NODE = Map.of(
            "dfs.datanode.address", "127.0.0.1:0",
            "dfs.datanode.http.address", "127.0.0.1:0",
            "dfs.datanode.ipc.address", "127.0.0.1:0",
            "dfs.datanode.hostname", "127.0.0.1");

    private final Path folder;
    private final Map<String, String> site = new HashMap<>(HDFS);
    private final Daemon nameNode;
    private final List<Daemon> dataNodes = new ArrayList<>();
    private Daemon yarn;

    private MiniHadoop(Path folder) {
        this.folder = folder;
        writeSite();
        nameNode = java(
                "namenode",
                List.of(),
                NameNodeMain.class.getName(),
                folder.resolve("name").toString());
        site.put("fs.defaultFS", nameNode.says("serves (hdfs://\\S+)\\."));
        writeSite();
    }

    /** HDFS without YARN. */
    public static MiniHadoop hdfs(Path folder, int dataNodes) {
        MiniHadoop hadoop = new MiniHadoop(folder);
        for (int i = 0; i < dataNodes; i++) {
            hadoop.addDataNode();
        }
        return hadoop;
    }

    /** HDFS with two DataNodes, and YARN with NodeManagers of 4 GB and four cores each. */
    public static MiniHadoop withYarn(Path folder, int nodeManagers) {
        MiniHadoop hadoop = hdfs(folder, 2);
        hadoop.startYarn(nodeManagers);
        return hadoop;
    }

    private void startYarn(int nodeManagers) {
        yarn = java("yarn", List.of(), YarnMain.class.getName(), Integer.toString(nodeManagers));
        yarn.says("(YARN is ready)");
        for (String key : YarnMain.ADDRESSES) {
            site.put(key, yarn.says(key.replace(".", "\\.") + " is (\\S+)\\."));
        }
        writeSite();
    }

    /** Starts one more DataNode and waits until the NameNode knows it. */
    public void addDataNode() {
        int number = dataNodes.size();
        List<String> properties = new ArrayList<>();
        DATA_NODE.forEach((key, value) -> properties.addAll(List.of("-D", key + "=" + value)));
        properties.addAll(List.of("-D", "dfs.datanode.data.dir=" + folder.resolve("data-" + number)));
        Daemon dataNode = java(
                "datanode-" + number,
                List.of(),
                "org.apache.hadoop.hdfs.server.datanode.DataNode",
                properties.toArray(String[]::new));
        dataNodes.add(dataNode);
        dataNode.says("(successfully registered with NN)");
    }

    private Daemon java(String name, List<String> options, String className, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-Djava.net.preferIPv4Stack=true",
                // What it is waited for is said at level info, which the tests' own log leaves out.
                "-Dlog4j2.configurationFile=org/apache/spark/log4j2-defaults.properties",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "-cp",
                configuration() + System.getProperty("path.separator") + System.getProperty("java.class.path")));
        command.addAll(options);
        command.add(className);
        command.addAll(List.of(arguments));
        return Daemon.start(name, folder, Map.of("JAVA_HOME", System.getProperty("java.home")), command);
    }

    private void writeSite() {
        Configuration conf = new Configuration(false);
        site.forEach(conf::set);
        try {
            Files.createDirectories(configuration());
            for (String name : List.of("core-site.xml", "hdfs-site.xml", "yarn-site.xml")) {
                try (OutputStream out = Files.newOutputStream(configuration().resolve(name))) {
                    conf.writeXml(out);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** HADOOP_CONF_DIR of its clients. */
    public Path configuration() {
        return folder.resolve("conf");
    }

    /** The root of its HDFS: {@code hdfs://HOST:PORT}. */
    public String uri() {
        return site.get("fs.defaultFS");
    }

    /** A client of its HDFS, of its own: close it. */
    public FileSystem fileSystem() {
        Configuration conf = new Configuration(false);
        conf.addResource("core-default.xml");
        site.forEach(conf::set);
        try {
            return FileSystem.newInstance(java.net.URI.create(uri()), conf);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Kills a DataNode with SIGKILL. */
    public void killDataNode(int number) {
        dataNodes.get(number).signal("KILL");
    }

    /** Stops the NameNode as SIGSTOP does: clients wait for it. */
    public void pauseNameNode() {
        nameNode.signal("STOP");
    }

    /** Lets a stopped NameNode go on. */
    public void resumeNameNode() {
        nameNode.signal("CONT");
    }

    /** Executors that run now in containers. */
    public List<ProcessHandle> executors() {
        return yarn.processes().filter(Processes::isExecutor).toList();
    }

    /** Application masters that run now; in cluster mode each holds a driver. */
    public List<ProcessHandle> applicationMasters() {
        return yarn.processes()
                .filter(process -> Processes.runs(process, "org.apache.spark.deploy.yarn.ApplicationMaster"))
                .toList();
    }

    /** What containers wrote, by their files. */
    public String containerLogs() {
        try (var files = Files.walk(folder)) {
            StringBuilder logs = new StringBuilder();
            for (Path file : files.filter(path -> path.endsWith("stderr") || path.endsWith("stdout"))
                    .toList()) {
                logs.append("== ").append(file).append('\n').append(Files.readString(file));
            }
            return logs.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (yarn != null) {
            yarn.close();
        }
        dataNodes.forEach(Daemon::close);
        nameNode.close();
    }
}
