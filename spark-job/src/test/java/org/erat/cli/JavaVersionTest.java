package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JavaVersionTest {
    @ParameterizedTest
    @ValueSource(ints = {17, 21})
    void theVersionsOfSparkAreUsed(int feature) {
        assertThat(JavaVersion.problem(feature, feature + ".0.1", "/jdk")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {18, 20, 22, 25})
    void anyOtherIsRefusedWithItsVersionItsPlaceAndTheOneToUse(int feature) {
        assertThat(JavaVersion.problem(feature, feature + ".0.1", "/jdk"))
                .hasValue("/jdk is Java " + feature + ".0.1. Spark needs Java 17 or 21: set JAVA_HOME to one"
                        + " (JAVA_HOME=/path/to/jdk-17).");
    }
}
