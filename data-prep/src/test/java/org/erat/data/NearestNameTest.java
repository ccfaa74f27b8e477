package org.erat.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestNameTest {
    @Test
    void aSlipOfThePenIsUnderstoodInAnyCase() {
        assertThat(NearestName.hint("Lable", List.of("text", "label"))).isEqualTo(" (did you mean 'label'?)");
    }

    @Test
    void aNameUnlikeAllOthersGetsNoHint() {
        assertThat(NearestName.hint("sentence", List.of("x", "y"))).isEmpty();
        assertThat(NearestName.hint("sentence", List.of())).isEmpty();
    }

    @Test
    void aWrongSectionCountsAsOneEdit() {
        List<String> keys = List.of("training.batch-size", "adapter.rank");
        assertThat(NearestName.to("training.rank", keys)).hasValue("adapter.rank");
        assertThat(NearestName.to("rank", keys)).hasValue("adapter.rank");
    }

    @Test
    void ofKeysThatDifferInTheirSectionTheOneSpeltAlikeIsMeant() {
        List<String> keys = List.of("evaluation.batch-size", "training.batch-size");
        assertThat(NearestName.to("trainning.batch-size", keys)).hasValue("training.batch-size");
    }

    @Test
    void theNearestIsNamedHoweverFar() {
        assertThat(NearestName.to("sentence", List.of("x"))).hasValue("x");
        assertThat(NearestName.to("sentence", List.of())).isEmpty();
    }
}
