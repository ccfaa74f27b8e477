package org.erat.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The expected records are those of TensorBoard 2.21.0's own writer with protobuf 7.36.2, for the same events. */
class EventsTest {
    private static final long MILLIS = 1_764_300_000_250L;

    @Test
    void theFirstEventNamesTheVersion() {
        assertThat(hex(Events.version(MILLIS)))
                .isEqualTo("1800000000000000a37f4b220900001038454ada411a0d627261696e2e4576656e743a3241d822b7");
    }

    @Test
    void aStartMakesLaterStepsVoid() {
        assertThat(hex(Events.start(MILLIS, 41)))
                .isEqualTo("0f000000000000006d532b090900001038454ada4110293a0208017a2527dd");
    }

    @Test
    void scalarsOfOneStepAreOneEvent() {
        assertThat(hex(Events.scalars(MILLIS, 300, Map.of("validation/ranks/8", -2.5, "loss", 0.75))))
                .isEqualTo("36000000000000004f578cef0900001038454ada4110ac022a280a0b0a046c6f7373150000403f"
                        + "0a190a1276616c69646174696f6e2f72616e6b732f3815000020c0559052ae");
    }

    @Test
    void textIsATensorOfTheTextPlugin() {
        assertThat(hex(Events.text(MILLIS, "configuration", "| α |\n")))
                .isEqualTo("40000000000000002817f4950900001038454ada412a350a330a1a636f6e66696775726174696f6e2f"
                        + "746578745f73756d6d617279420b080742077c20ceb1207c0a4a080a060a04746578741d18145f");
    }

    private static String hex(byte[] record) {
        return HexFormat.of().formatHex(record);
    }
}
