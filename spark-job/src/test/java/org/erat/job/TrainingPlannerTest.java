package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Manifest;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingPlannerTest {
    @TempDir
    private Path folder;

    @Test
    void modelAndDataOfSeveralRunsAreReadOnce() throws IOException {
        try (SparkSession session = TestSpark.open("local[2]")) {
            TinyProject project = TinyProject.prepare(session, folder);
            Manifest manifest = Manifest.read(
                    new Configuration(),
                    new org.apache.hadoop.fs.Path(project.data().toString()));
            TrainingPlanner planner = new TrainingPlanner(session, new SparkConf(false));

            TrainingPlan plan = planner.plan(project.job());
            assertThat(plan.tokens()).isEqualTo(2.0 * manifest.train().tokens());

            Files.delete(project.data().resolve(Manifest.FILE));
            assertThat(planner.plan(project.job("seed=2", "training.epochs=4")).tokens())
                    .isEqualTo(2 * plan.tokens());
            assertThatThrownBy(() -> planner.plan(project.job("data.train-limit=20")))
                    .isInstanceOf(BadInputException.class);
        }
    }
}
