/**
 * Real clusters on this machine, and the job submitted to them as users do: standalone Masters and Workers, HDFS and
 * YARN in processes of their own, on loopback. What tests of clusters and of faults share starts at
 * {@link org.erat.cluster.Project} and {@link org.erat.cluster.Run}.
 */
package org.erat.cluster;
