package org.erat.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.SparkHadoopUtil;

/** A driver that runs on the cluster, and how its exit code gets back to the submitter. */
final class ClusterDriver {
    /** Property of a file for the exit code, on clusters that do not report it themselves. */
    private static final String OUTCOME = "spark.erat.outcome";

    private ClusterDriver() {}

    /** Whether this process was started by the cluster and not by the user. */
    static boolean here() {
        return "cluster".equals(System.getProperty("spark.submit.deployMode"));
    }

    /** Ends the application with this exit code. */
    static void end(int code) throws SparkUserAppException {
        Optional.ofNullable(System.getProperty(OUTCOME)).ifPresent(file -> write(file, code));
        if (System.getProperty("spark.master", "").startsWith("yarn")) {
            if (code != 0) {
                // YARN's report names the code of this exception; leaving by exit would count as a crash.
                throw new SparkUserAppException(code);
            }
            return;
        }
        System.exit(code);
    }

    private static void write(String file, int code) {
        Configuration hadoop = SparkHadoopUtil.get().conf();
        Path path = new Path(file);
        try (OutputStream out = path.getFileSystem(hadoop).create(path)) {
            out.write(Integer.toString(code).getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            System.err.println("warning: " + file + " cannot be written (" + e.getMessage()
                    + "), so the submitter does not learn the exit code " + code + ". Check spark.erat.outcomes.");
        }
    }
}
