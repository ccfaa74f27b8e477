package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.sql.SparkSession;
import org.awaitility.Awaitility;
import org.erat.monitoring.MetricsPlugin;
import org.erat.training.TestSpark;
import org.erat.training.round.RoundReport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an operator sees of a run: in Spark's UI, and through two of Spark's own metrics sinks. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class OperatorViewTest {
    private static final String SOURCE = "driver_plugin_org_erat_monitoring_MetricsPlugin_";

    @TempDir
    private static Path folder;

    private static final Queue<SparkListenerJobStart> JOBS = new ConcurrentLinkedQueue<>();
    private static final Queue<String> STAGES = new ConcurrentLinkedQueue<>();
    private static final Queue<String> GRAPHITE = new ConcurrentLinkedQueue<>();
    private static SparkSession session;
    private static ServerSocket carbon;
    private static String run;
    private static RoundReport last;

    @BeforeAll
    static void train() throws IOException {
        carbon = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread listening = new Thread(OperatorViewTest::receive, "carbon");
        listening.setDaemon(true);
        listening.start();
        session = SparkSession.builder().config(conf()).getOrCreate();
        TinyProject project = TinyProject.prepare(session, folder);
        session.sparkContext().addSparkListener(new SparkListener() {
            @Override
            public void onJobStart(SparkListenerJobStart event) {
                JOBS.add(event);
            }

            @Override
            public void onStageSubmitted(SparkListenerStageSubmitted event) {
                STAGES.add(event.stageInfo().name());
            }
        });
        run = folder.resolve("run").toString();
        new TrainingRun(session, project.job(), new RunListener() {
                    @Override
                    public void say(String line) {}

                    @Override
                    public void roundsBegin(int done, int total) {}

                    @Override
                    public void roundDone(RoundReport report) {
                        last = report;
                    }
                })
                .run(run, false);
    }

    @AfterAll
    static void stop() throws IOException {
        session.stop();
        carbon.close();
    }

    private static SparkConf conf() {
        SparkConf operators = new SparkConf(false)
                .set("spark.ui.enabled", "true")
                .set("spark.ui.port", "0")
                .set("spark.plugins", MetricsPlugin.class.getName())
                .set(
                        "spark.metrics.conf.*.sink.prometheusServlet.class",
                        "org.apache.spark.metrics.sink.PrometheusServlet")
                .set("spark.metrics.conf.*.sink.prometheusServlet.path", "/metrics/prometheus")
                .set("spark.metrics.conf.*.sink.graphite.class", "org.apache.spark.metrics.sink.GraphiteSink")
                .set("spark.metrics.conf.*.sink.graphite.host", "127.0.0.1")
                .set("spark.metrics.conf.*.sink.graphite.port", Integer.toString(carbon.getLocalPort()))
                .set("spark.metrics.conf.*.sink.graphite.period", "1")
                .set("spark.metrics.conf.*.sink.graphite.unit", "seconds");
        return TestSpark.configured("local[2]", operators);
    }

    private static void receive() {
        while (true) {
            try (Socket sender = carbon.accept();
                    BufferedReader lines = new BufferedReader(
                            new InputStreamReader(sender.getInputStream(), StandardCharsets.UTF_8))) {
                lines.lines().forEach(GRAPHITE::add);
            } catch (IOException | UncheckedIOException e) {
                if (carbon.isClosed()) {
                    return;
                }
            }
        }
    }

    private static String scrape() throws IOException, InterruptedException {
        URI ui = URI.create(session.sparkContext().uiWebUrl().get());
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + ui.getPort() + "/metrics/prometheus"))
                .build();
        // Spark's UI redirects a request to the same path with a slash, and Prometheus follows redirections too.
        HttpResponse<String> response = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build()
                .send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        return response.body();
    }

    private static double value(String page, String metric) {
        Matcher line = Pattern.compile("(?m)^metrics_\\S+?_" + metric + "_Value\\{[^}]*} (\\S+)$")
                .matcher(page);
        assertThat(line.find()).as(metric + " in " + page).isTrue();
        return Double.parseDouble(line.group(1));
    }

    @Test
    void prometheusScrapesTheFiguresOfTheLastRound() throws IOException, InterruptedException {
        // Spark tells its listeners soon, not at once.
        Awaitility.await().untilAsserted(() -> assertThat(value(scrape(), SOURCE + "round"))
                .isEqualTo(TinyProject.ROUNDS));
        String page = scrape();
        assertThat(value(page, SOURCE + "rounds")).isEqualTo(TinyProject.ROUNDS);
        assertThat(value(page, SOURCE + "loss")).isEqualTo(last.loss());
        assertThat(value(page, SOURCE + "learning_rate")).isEqualTo(last.learningRate());
        assertThat(value(page, SOURCE + "mean_width"))
                .isEqualTo(last.meanWidth())
                .isBetween(1.0, 4.0);
        assertThat(value(page, SOURCE + "drift")).isEqualTo(last.drift());
        assertThat(value(page, SOURCE + "examples_per_second")).isEqualTo(last.examples() / last.seconds());
        assertThat(value(page, SOURCE + "tokens_per_second")).isEqualTo(last.tokens() / last.seconds());
        assertThat(value(page, SOURCE + "bytes_to_each_worker")).isEqualTo((double) last.bytesDown());
        assertThat(value(page, SOURCE + "bytes_from_all_workers")).isEqualTo((double) last.bytesUp());
        assertThat(value(page, SOURCE + "round_seconds")).isEqualTo(last.seconds());
        assertThat(value(page, SOURCE + "round_overhead_seconds")).isEqualTo(last.overheadSeconds());
        assertThat(value(page, SOURCE + "device_gpus")).isZero();
    }

    @Test
    void graphiteIsSentThem() {
        Awaitility.await().until(() -> GRAPHITE.stream()
                .anyMatch(line -> line.matches(
                        ".*\\.driver\\.plugin\\.org\\.erat\\.monitoring\\.MetricsPlugin\\.round 6\\.00 \\d+")));
        assertThat(GRAPHITE).anyMatch(line -> line.contains("MetricsPlugin.loss "));
    }

    @Test
    void jobsAndStagesAreNamedByRoundAndPhaseAndBelongToTheRun() {
        Awaitility.await().until(() -> JOBS.stream()
                .anyMatch(job -> property(job, "description").startsWith("evaluation: quality by rank")));
        assertThat(JOBS).allSatisfy(job -> {
            assertThat(property(job, "description"))
                    .matches("(round [1-6] of 6|evaluation): .+|loading the training data|training run .+");
            assertThat(job.properties().getProperty("spark.jobGroup.id")).isEqualTo(run);
            assertThat(job.properties().getProperty("spark.job.interruptOnCancel"))
                    .isEqualTo("true");
        });
        for (int round = 1; round <= TinyProject.ROUNDS; round++) {
            String name = "round " + round + " of 6: local training";
            assertThat(JOBS).anyMatch(job -> property(job, "description").equals(name));
            assertThat(STAGES).contains(name);
        }
        assertThat(STAGES).contains("loading the training data");
    }

    private static String property(SparkListenerJobStart job, String name) {
        return job.properties().getProperty("spark.job." + name, "");
    }

    @Test
    void aRunThatIsOverLeavesTheThreadWithoutAGroup() {
        assertThat(session.sparkContext().getLocalProperty("spark.jobGroup.id")).isNull();
        assertThat(List.of(session.sparkContext().statusTracker().getActiveJobIds()))
                .allSatisfy(ids -> assertThat(ids).isEmpty());
    }
}
