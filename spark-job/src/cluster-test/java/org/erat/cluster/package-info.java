/**
 * Real clusters on this machine, and the job submitted to them as users do: standalone Masters and Workers, HDFS and
 * YARN in processes of their own, on loopback.
 */
package org.erat.cluster;
