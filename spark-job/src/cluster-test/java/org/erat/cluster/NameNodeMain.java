package org.erat.cluster;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/** A NameNode of an empty HDFS. Prints its address when it is up. */
final class NameNodeMain {
    /** The line that has the address after this. */
    static final String READY = "NameNode is ready at ";

    private NameNodeMain() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Configuration conf = new HdfsConfiguration();
        conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, args[0]);
        MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(0).build();
        System.out.println(READY + hdfs.getURI());
        // Its threads are daemons.
        Thread.currentThread().join();
    }
}
