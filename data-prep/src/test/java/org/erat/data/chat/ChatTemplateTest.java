package org.erat.data.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Chat templates, against what Python's Jinja 3.1.6 made of them with the settings of the transformers library. */
class ChatTemplateTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String CHATML =
            "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' +"
                    + " '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private static ChatTemplate template(String source) {
        return new ChatTemplate(
                source,
                "model/chat_template.jinja",
                Map.of("bos_token", "<s>", "eos_token", "</s>"),
                LocalDate.of(2024, 7, 26));
    }

    private static Map<String, Object> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }

    static List<JsonNode> rendered() throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        try (InputStream in = ChatTemplateTest.class.getResourceAsStream("rendered.json")) {
            JSON.readTree(in).forEach(cases::add);
        }
        return cases;
    }

    @ParameterizedTest
    @MethodSource("rendered")
    void rendersAsPythonsJinjaDoes(JsonNode expected) {
        ChatTemplate template = template(expected.path("source").asText());
        List<Map<String, Object>> messages = JSON.convertValue(expected.path("messages"), new TypeReference<>() {});

        assertThat(template.prompt(messages)).isEqualTo(expected.path("prompt").asText());
        if (!expected.path("template").asText().equals("parts")) {
            assertThat(String.join("", template.parts(messages)))
                    .isEqualTo(expected.path("text").asText());
        }
    }

    @Test
    void anAssistantsTurnIsWhatItAddsToItsPrompt() {
        assertThat(template(CHATML)
                        .parts(List.of(
                                message("user", "a"),
                                message("assistant", "b"),
                                message("user", "c"),
                                message("assistant", "d"))))
                .containsExactly(
                        "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n",
                        "b<|im_end|>\n",
                        "<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n",
                        "d<|im_end|>\n",
                        "");
    }

    @Test
    void generationBlocksSayWhatAnAssistantSays() {
        String source =
                "{% for m in messages %}{{ m.role }}: {% if m.role == 'assistant' %}{% generation %}{{ m.content }}</s>{% endgeneration %}{% else %}{{ m.content }}{% endif %};{% endfor %}";

        assertThat(template(source).parts(List.of(message("user", "a"), message("assistant", "b"))))
                .containsExactly("user: a;assistant: ", "b</s>", ";");
    }

    @Test
    void aTurnThatLaterMessagesChangeIsRefused() {
        // What the assistant said is shown in the last message only.
        String source =
                "{% for m in messages %}{% if loop.last or m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}";

        assertThatThrownBy(() -> template(source)
                        .parts(List.of(message("user", "a"), message("assistant", "b"), message("user", "c"))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("message 2 cannot be told from the rest")
                .hasMessageContaining("{% generation %}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "a{% macro f() %}b{% endmacro %}; line 1 of the chat template: {% macro %} is not supported",
                "{{ messages | sum }}; line 1 of the chat template: the filter sum is not supported",
                "{{ messages[0].content.format() }}; the method format of a string is not supported",
                "{{ messages }}; a list is printed",
                "{{ nothing.content }}; 'content' is asked of an undefined value",
                "{{ nothing('x') }}; an undefined value is called",
                "{% if messages is sorted %}{% endif %}; the test sorted is not supported",
                "{% if messages %}; a block is not closed",
                "{{ 'abc }}; a string does not end",
                "{{ messages; a tag does not end",
                "{# messages; a comment does not end",
                "{{ 1 + 'a' }}; the value 1 + a string cannot be computed",
                "{{ raise_exception('no system') }}; the template refuses the conversation: no system",
                "{{ strftime_now('%Q') }}; the date format %Q is not supported"
            })
    void whatCannotBeRenderedIsAnErrorWithItsPlace(String source, String message) {
        assertThatThrownBy(() -> template(source).parts(List.of(message("user", "a"))))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("model/chat_template.jinja: line ")
                .hasMessageContaining(message);
    }

    @Test
    void theLineOfAnErrorIsThatOfTheInnermostTag() {
        assertThatThrownBy(() -> template("{% for m in messages %}\n\n{{ m.content | nothing }}\n{% endfor %}")
                        .parts(List.of(message("user", "a"))))
                .hasMessageContaining("line 3 of the chat template");
    }
}
