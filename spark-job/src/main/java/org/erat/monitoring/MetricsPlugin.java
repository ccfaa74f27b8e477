package org.erat.monitoring;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.erat.compute.memory.HostBytes;

/**
 * Registers a run's metrics with Spark's metrics system, which reports them to the sinks of {@code spark.metrics.conf},
 * such as Prometheus, Graphite and JMX. {@code spark.plugins} switches it on. The driver has the metrics of the last
 * round. Each executor has the number of GPUs that Spark assigned to it, and the bytes that it has allocated outside the
 * Java heap for frozen weights and for tasks.
 */
public final class MetricsPlugin implements SparkPlugin {
    @Override
    public DriverPlugin driverPlugin() {
        return new Rounds();
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return new Device();
    }

    private static final class Rounds implements DriverPlugin {
        private volatile RoundCompleted last = new RoundCompleted(
                0, 0, 0, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN, 0, 0, Double.NaN, Double.NaN);
        private boolean local;

        @Override
        public Map<String, String> init(SparkContext spark, PluginContext context) {
            local = spark.isLocal();
            spark.addSparkListener(new SparkListener() {
                @Override
                public void onOtherEvent(SparkListenerEvent event) {
                    if (event instanceof RoundCompleted round) {
                        last = round;
                    }
                }
            });
            return Map.of();
        }

        @Override
        public void registerMetrics(String application, PluginContext context) {
            MetricRegistry metrics = context.metricRegistry();
            gauge(metrics, "round", RoundCompleted::round);
            gauge(metrics, "rounds", RoundCompleted::rounds);
            gauge(metrics, "examples_per_second", round -> round.examples() / round.seconds());
            gauge(metrics, "tokens_per_second", round -> round.tokens() / round.seconds());
            gauge(metrics, "loss", RoundCompleted::loss);
            gauge(metrics, "learning_rate", RoundCompleted::learningRate);
            gauge(metrics, "mean_width", RoundCompleted::meanWidth);
            gauge(metrics, "drift", RoundCompleted::drift);
            gauge(metrics, "bytes_to_each_worker", RoundCompleted::bytesDown);
            gauge(metrics, "bytes_from_all_workers", RoundCompleted::bytesUp);
            gauge(metrics, "round_seconds", RoundCompleted::seconds);
            gauge(metrics, "round_overhead_seconds", RoundCompleted::overheadSeconds);
            if (local) {
                registerDevice(context);
            }
        }

        private void gauge(MetricRegistry metrics, String name, ToDoubleFunction<RoundCompleted> figure) {
            metrics.register(name, (Gauge<Double>) () -> figure.applyAsDouble(last));
        }
    }

    private static final class Device implements ExecutorPlugin {
        @Override
        public void init(PluginContext context, Map<String, String> settings) {
            // In local mode the driver is the executor, and at this point the application has no id yet.
            if (!context.executorID().equals("driver")) {
                registerDevice(context);
            }
        }
    }

    private static void registerDevice(PluginContext context) {
        ResourceInformation gpus = context.resources().get("gpu");
        int count = gpus == null ? 0 : gpus.addresses().length;
        context.metricRegistry().register("device_gpus", (Gauge<Integer>) () -> count);
        context.metricRegistry().register("bytes_of_weights", (Gauge<Long>) HostBytes.WEIGHTS::held);
        context.metricRegistry().register("bytes_of_tasks", (Gauge<Long>) HostBytes.TASKS::held);
    }
}
