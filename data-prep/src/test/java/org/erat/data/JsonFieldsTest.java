package org.erat.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonFieldsTest {
    @Test
    void valuesComeOutAsTheyWentIn() throws IOException {
        String object = "{\"a\":0.12345678901234567890,\"b\":1.10,\"c\":-0.0,\"d\":1e400,\"e\":[1.50,{\"x\":null}],"
                + "\"f g\":\"\\\"\\u0001é\",\"h\":true,\"i\":{},\"j\":12345678901234567890123}";
        Map<String, String> fields = JsonFields.of(object);
        assertThat(fields.keySet()).containsExactly("a", "b", "c", "d", "e", "f g", "h", "i", "j");
        assertThat(fields).containsEntry("e", "[1.50,{\"x\":null}]").containsEntry("d", "1e400");
        assertThat(JsonFields.object(fields)).isEqualTo(object);
        assertThat(JsonFields.object(Map.of())).isEqualTo("{}");
    }

    @Test
    void blanksGoAndNumbersThatAreNoneBecomeTexts() throws IOException {
        assertThat(JsonFields.object(JsonFields.of(" { \"a\" : [ NaN , 2 ] , \"b\":-Infinity, \"b\": 3.0 } ")))
                .isEqualTo("{\"a\":[\"NaN\",2],\"b\":3.0}");
    }

    @Test
    void aTextIsItselfAndAnotherValueIsItsJson() throws IOException {
        assertThat(JsonFields.text(JsonFields.ofText("a \"b\"\n"))).isEqualTo("a \"b\"\n");
        assertThat(JsonFields.text("1.10")).isEqualTo("1.10");
        assertThat(JsonFields.text("[1]")).isEqualTo("[1]");
        assertThat(JsonFields.text("null")).isNull();
    }
}
