package org.erat.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BytesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 bytes",
        "512, 512 bytes",
        "7196, 7.2 kB",
        "5730000, 5.73 MB",
        "90900000, 90.9 MB",
        "1340000000, 1.34 GB"
    })
    void aNumberHasTheUnitThatFits(long bytes, String text) {
        assertThat(Bytes.text(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "5730000, 90900000, 1/16 of the base model's 90.9 MB",
        "6000, 7196, as much as the base model's 7.2 kB",
        "150000, 100000, 1.5 times the base model's 100.0 kB",
        "6000000, 100000, 60.0 times the base model's 100.0 kB"
    })
    void trafficIsSetBesideAModelOfAnySize(long bytes, long model, String text) {
        assertThat(Bytes.asShareOfModel(bytes, model)).isEqualTo(text);
    }
}
