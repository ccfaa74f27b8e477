package org.erat.cli;

import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.config.OrderChoice;
import org.erat.config.RowOrder;
import org.erat.inference.AdapterUse;
import org.erat.model.BaseModel;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of the commands that use the adapter of a finished run. */
final class RunOptions {
    /**
     * What they say.
     *
     * @param runDir run directory
     * @param model base-model directory, where it is another than at training
     * @param order orders of the adapter's rows, where they are others than the run's
     * @param overrides settings of {@code compute} and the threshold of labels, by key
     */
    record Choice(String runDir, Optional<String> model, Optional<OrderChoice> order, Map<String, String> overrides) {
        /** The run. */
        FinishedRun run(SparkSession session, Progress progress) {
            return FinishedRun.read(runDir, session.sparkContext().hadoopConfiguration(), progress);
        }

        /** The run's base model. */
        BaseModel base(SparkSession session, FinishedRun run) {
            return BaseModel.describe(
                    model.orElse(run.adapter().base().name()),
                    session.sparkContext().hadoopConfiguration());
        }

        /** The run's adapter, in some order of its rows, with what is chosen for this use of it. */
        AdapterUse use(SparkSession session, FinishedRun run, RowOrder rows) {
            JobConfig job = run.job(overrides);
            return new AdapterUse(
                    run.adapter().inOrder(rows),
                    base(session, run).uri(),
                    job.compute(),
                    job.evaluation().batchSize(),
                    job.evaluation().threshold());
        }
    }

    @Option(names = "--run-dir", required = true, paramLabel = "DIR", description = "Run directory of a train command.")
    private String runDir;

    @Mixin
    private BaseModelOption model;

    @Mixin
    private OrderOption order;

    @Mixin
    private Overrides set;

    Choice choice() {
        return new Choice(runDir, model.directory(), order.choice(), set.ofCompute());
    }
}
