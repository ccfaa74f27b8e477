package org.erat.cluster;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * HDFS, and YARN where it is wanted. The NameNode and each DataNode have processes of their own, ResourceManager and
 * NodeManagers share another. Clients find them by a configuration folder.
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
    private final ChildProcess nameNode;
    private final List<ChildProcess> dataNodes = new ArrayList<>();
    private final FileSystem client;

    @Nullable
    private ChildProcess yarn;

    private MiniHadoop(Path folder) {
        this.folder = folder;
        writeSite();
        nameNode = java(
                "namenode", NameNodeMain.class.getName(), folder.resolve("name").toString());
        site.put("fs.defaultFS", nameNode.awaitLine(NameNodeMain.READY));
        writeSite();
        Configuration conf = new Configuration(false);
        conf.addResource("core-default.xml");
        site.forEach(conf::set);
        try {
            client = FileSystem.newInstance(URI.create(uri()), conf);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        yarn = java("yarn", YarnMain.class.getName(), Integer.toString(nodeManagers));
        for (String key : YarnMain.ADDRESSES) {
            site.put(key, yarn.awaitLine(key + YarnMain.IS));
        }
        writeSite();
    }

    /** Starts a DataNode and waits until the NameNode knows it. */
    private void addDataNode() {
        int number = dataNodes.size();
        List<String> properties = new ArrayList<>();
        DATA_NODE.forEach((key, value) -> properties.addAll(List.of("-D", key + "=" + value)));
        properties.addAll(List.of("-D", "dfs.datanode.data.dir=" + folder.resolve("data-" + number)));
        ChildProcess dataNode = java(
                "datanode-" + number,
                "org.apache.hadoop.hdfs.server.datanode.DataNode",
                properties.toArray(String[]::new));
        dataNodes.add(dataNode);
        dataNode.awaitLine("successfully registered with NN");
    }

    private ChildProcess java(String name, String className, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-Djava.net.preferIPv4Stack=true",
                // The lines that say that a server is up have level info, which the tests' own log leaves out.
                "-Dlog4j2.configurationFile=org/apache/spark/log4j2-defaults.properties",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "-cp",
                configuration() + File.pathSeparator + System.getProperty("java.class.path"),
                className));
        command.addAll(List.of(arguments));
        return ChildProcess.start(name, folder, Map.of("JAVA_HOME", System.getProperty("java.home")), command);
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

    /** Copies a local file or folder to HDFS. */
    public void put(Path from, String to) throws IOException {
        client.copyFromLocalFile(new org.apache.hadoop.fs.Path(from.toUri()), new org.apache.hadoop.fs.Path(to));
    }

    /** Copies a file or folder of HDFS to a local path that does not exist. */
    public void fetch(String from, Path to) throws IOException {
        // By the raw local file system, which leaves no files of checksums.
        client.copyToLocalFile(
                false, new org.apache.hadoop.fs.Path(from), new org.apache.hadoop.fs.Path(to.toUri()), true);
    }

    /** Whether HDFS has a file or folder. */
    public boolean has(String path) throws IOException {
        return client.exists(new org.apache.hadoop.fs.Path(path));
    }

    /** Kills a DataNode with SIGKILL. */
    public void killDataNode(int number) {
        dataNodes.get(number).kill();
    }

    /** Stops the NameNode as SIGSTOP does: clients wait for it. */
    public void pauseNameNode() throws IOException {
        Processes.signal(nameNode.handle(), "STOP");
    }

    /** Lets a stopped NameNode continue. */
    public void resumeNameNode() throws IOException {
        Processes.signal(nameNode.handle(), "CONT");
    }

    @Override
    public void close() {
        try {
            client.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (yarn != null) {
                yarn.close();
            }
            dataNodes.forEach(ChildProcess::close);
            nameNode.close();
        }
    }
}
