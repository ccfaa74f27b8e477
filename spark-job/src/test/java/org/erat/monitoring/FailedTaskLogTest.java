package org.erat.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailedTaskLogTest {
    @Test
    @Timeout(value = 3, unit = TimeUnit.MINUTES)
    void theLastLinesOfAnExecutorsLogAreFetchedFromItsWorker() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        SparkConf conf = new SparkConf(false)
                .setMaster("local-cluster[1,1,1024]")
                .setAppName("a task that fails")
                .set("spark.task.maxFailures", "2")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .set("spark.executor.memory", "512m")
                .set("spark.executorEnv.SPARK_SCALA_VERSION", "2.12")
                .set("spark.executorEnv.SPARK_LOCAL_IP", "127.0.0.1");
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            FailedTaskLog log = FailedTaskLog.of(spark.sc());
            assertThat(log.lines()).isEmpty();

            assertThatThrownBy(() -> Phase.named(spark.sc(), "a phase", () -> spark.parallelize(List.of(1), 1)
                            .map(FailedTaskLogTest::fail)
                            .collect()))
                    .hasMessageContaining("the device is on fire");

            assertThat(log.lines())
                    .first()
                    .asString()
                    .matches(
                            "the last failure was that of task 0 of stage 0 \\(a phase\\), attempt 2 on executor 0 at .+:");
            assertThat(log.lines())
                    .anyMatch(line -> line.contains("the device is on fire"))
                    .anyMatch(line -> line.startsWith("the last lines of its log, http"))
                    .contains("  smoke is coming out of it");
        }
    }

    private static int fail(int value) {
        System.err.println("smoke is coming out of it");
        throw new IllegalStateException("the device is on fire");
    }

    @Test
    void inLocalModeTheReasonIsShownAndNoOtherLogSought() {
        SparkConf conf = new SparkConf(false)
                .setMaster("local[1]")
                .setAppName("a task that fails")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1");
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            FailedTaskLog log = FailedTaskLog.of(spark.sc());
            assertThatThrownBy(() -> spark.parallelize(List.of(1), 1)
                            .map(FailedTaskLogTest::fail)
                            .collect())
                    .hasMessageContaining("the device is on fire");
            assertThat(log.lines())
                    .anyMatch(line -> line.contains("IllegalStateException: the device is on fire"))
                    .noneMatch(line -> line.contains("last lines of its log"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "http://w:8081/logPage/?appId=a&executorId=0&logType=stderr,"
                + " http://w:8081/log/?appId=a&executorId=0&logType=stderr&byteLength=16384",
        "http://nm:8042/node/containerlogs/c/user/stderr?start=-4096,"
                + " http://nm:8042/node/containerlogs/c/user/stderr?start=-16384",
        "http://logs/x, http://logs/x"
    })
    void theAddressIsThatOfTheEndOfTheLog(String page, String expected) {
        assertThat(FailedTaskLog.plain(page)).isEqualTo(expected);
    }

    @Test
    void ofAPageInHtmlTheLogIsTaken() {
        assertThat(FailedTaskLog.text("<html><p>Showing 4096 bytes</p><pre>a &lt; b\n&amp; <b>c</b></pre></html>"))
                .isEqualTo("a < b\n& c\n");
        assertThat(FailedTaskLog.text("plain")).isEqualTo("plain");
    }
}
