package org.erat.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.dl4j.TinyLearners;
import org.erat.method.AdapterMethod;
import org.erat.method.StepPlan;
import org.erat.method.StepPlan.Selection;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A step of several selections of rows. */
class StepPlanTest {
    @TempDir
    private Path folder;

    private static LearnerProbe.Loss loss(TinyLearners tiny, Selection... selections) {
        AdapterMethod method = new FixedMethod(tiny.rank, List.of(selections));
        try (LearnerProbe probe = new LearnerProbe(tiny.spec(), method, tiny.adapters(2), tiny.batch(3, 4, 2, 5), 0)) {
            return probe.loss();
        }
    }

    /** In double precision, in which sums of another order differ by a few roundings of numbers near 1. */
    @Test
    void itsGradientIsTheWeightedSumOfTheirs() {
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(2)));
        tiny.projections = TinyBaseModel.PROJECTIONS;
        RowsBySlot narrow = RowsBySlot.everywhere(RowSelection.of(new Window(0, 2), 4));
        RowsBySlot byBlock = RowsBySlot.byBlock(
                RowSelection.of(new Window(1, 4), 2),
                new RowSelection(new Window(0, 3), new Window(2, 3), 3, null, null));

        LearnerProbe.Loss both = loss(tiny, new Selection(0.25, narrow), new Selection(0.75, byBlock));

        LearnerProbe.Loss first = loss(tiny, new Selection(1, narrow));
        LearnerProbe.Loss second = loss(tiny, new Selection(1, byBlock));
        double[] expected = IntStream.range(0, both.gradient().length)
                .mapToDouble(i -> 0.25 * first.gradient()[i] + 0.75 * second.gradient()[i])
                .toArray();
        assertThat(both.gradient()).containsExactly(expected, within(1e-13));
        assertThat(both.value()).isCloseTo(0.25 * first.value() + 0.75 * second.value(), within(1e-14));
        assertThat(both.outputs()).as("of the last selection").containsExactly(second.outputs());
        assertThat(first.gradient()).isNotEqualTo(second.gradient());
    }

    @Test
    void aPlanWithoutSelectionsOrWithOtherWeightsIsRefused() {
        RowsBySlot rows = RowsBySlot.everywhere(RowSelection.of(new Window(0, 1), 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StepPlan(List.of()))
                .withMessageContaining("without a selection");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StepPlan(List.of(new Selection(0.5, rows), new Selection(0.4, rows))))
                .withMessageContaining("sum to 0.9");
    }
}
