package org.erat.generation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.erat.data.storage.AtomicOutput;

/**
 * The completion of a prompt.
 *
 * @param id of the prompt
 * @param prompt as people read it
 * @param text the completion as people read it
 * @param tokens their number in the completion, the end token not counted
 * @param ended whether the model ended the text; if not, it was cut
 */
public record GeneratedText(long id, String prompt, String text, int tokens, boolean ended) {
    private static final JsonFactory JSON = new JsonFactory();

    /**
     * Writes texts as JSON lines, all or nothing; a file that is there is replaced: {@code {"id", "prompt", "completion",
     * "tokens", "reason"}}, where reason is {@code end} or {@code length}.
     *
     * @throws org.erat.data.UsageException if the file cannot be written
     */
    public static void write(List<GeneratedText> texts, AtomicOutput output) {
        output.file(out -> {
            for (GeneratedText text : texts) {
                out.write((text.line() + "\n").getBytes(StandardCharsets.UTF_8));
            }
        });
    }

    private String line() {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(line)) {
            json.writeStartObject();
            json.writeNumberField("id", id);
            json.writeStringField("prompt", prompt);
            json.writeStringField("completion", text);
            json.writeNumberField("tokens", tokens);
            json.writeStringField("reason", ended ? "end" : "length");
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("A string takes all that is written to it", e);
        }
        return line.toString();
    }
}
