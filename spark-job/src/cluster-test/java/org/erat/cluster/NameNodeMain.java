package org.erat.cluster;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/** A NameNode of an empty HDFS; says at which address. */
final class NameNodeMain {
    private NameNodeMain() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Configuration conf = new HdfsConfiguration();
        conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, args[0]);
        MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(0).build();
        System.out.println("serves " + hdfs.getURI() + ".");
        // Its threads are daemons.
        Thread.currentThread().join();
    }
}
