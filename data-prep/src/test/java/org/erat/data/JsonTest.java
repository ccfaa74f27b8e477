package org.erat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class JsonTest {
    private static String nested(int depth) {
        return "[".repeat(depth) + "]".repeat(depth);
    }

    @Test
    void nestingIsBounded() throws IOException {
        assertThat(Json.mapper().readTree(nested(Json.MAX_DEPTH)).isArray()).isTrue();
        for (int depth : new int[] {Json.MAX_DEPTH + 1, 1_000_000}) {
            assertThatThrownBy(() -> Json.mapper().readTree(nested(depth)))
                    .isInstanceOfSatisfying(JsonProcessingException.class, e -> assertThat(JsonReason.of(e))
                            .startsWith("it is nested more than 128 levels deep"));
        }
        assertThatThrownBy(() -> StrictJson.builder().build().readTree(nested(1000)))
                .isInstanceOf(JsonProcessingException.class);
    }

    @Test
    void aFileWithoutEndIsNotReadWhole() {
        InputStream blanks = new InputStream() {
            @Override
            public int read() {
                return ' ';
            }

            @Override
            public int read(byte[] into, int from, int length) {
                return length;
            }
        };
        assertThatThrownBy(() -> Json.bytes(blanks, "/m/config.json"))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("/m/config.json: is longer than 128 MiB");
    }
}
