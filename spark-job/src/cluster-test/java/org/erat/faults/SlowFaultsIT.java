package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tasks that fail again and again. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class SlowFaultsIT {
    private final Project project = Project.shared();

    @Test
    void tasksThatFailThreeTimesSucceedTheFourth() {
        Run run = new Run(
                project,
                project.folder().resolve("failing-tasks").toString(),
                Map.of(
                        "spark.master",
                        "local-cluster[2,1,1024]",
                        "spark.serializer",
                        FailingSerializer.class.getName()),
                List.of());
        Started driver = run.submitToTheEnd();
        assertThat(driver.count(line -> line.contains(FailingSerializer.MESSAGE) && line.endsWith(": it runs again")))
                .as(driver.said())
                .isEqualTo(2 * FailingSerializer.FAILURES);
        run.assertSameAsUndisturbed();
        FaultTable.row("task that fails three times and succeeds the fourth", 2, "same adapter");
    }
}
