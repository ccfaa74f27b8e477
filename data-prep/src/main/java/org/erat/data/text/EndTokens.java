package org.erat.data.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.JsonReason;
import org.erat.data.basemodel.BaseModelDirectory;

/**
 * The tokens at which a language model ends a text, as the transformers library finds them: {@code eos_token_id} of {@code
 * generation_config.json}, else of {@code config.json}, else the {@code eos_token} of {@code tokenizer_config.json}.
 */
public final class EndTokens {
    private static final ObjectMapper JSON = Json.mapper();
    private static final String GENERATION_CONFIG = "generation_config.json";
    private static final String ID = "eos_token_id";

    private EndTokens() {}

    /**
     * Reads them.
     *
     * @param vocabulary tokens that the model knows
     * @return at least one id
     * @throws BadInputException if there is none, or a file cannot be used
     */
    public static Set<Integer> of(
            Configuration hadoop, Path modelDirectory, TextTokenizer.Opened tokenizer, int vocabulary) {
        for (String file : new String[] {GENERATION_CONFIG, BaseModelDirectory.CONFIG}) {
            Path path = new Path(modelDirectory, file);
            Set<Integer> ids = ids(read(hadoop, path).path(ID), path, vocabulary);
            if (!ids.isEmpty()) {
                return ids;
            }
        }
        TokenizerSettings settings = TokenizerSettings.read(hadoop, modelDirectory);
        String token = settings.endToken()
                .orElseThrow(() -> new BadInputException(String.format(
                        "%s names no end token: neither %s nor %s has an %s, and %s has no %s. Completions would not end."
                                + " Set %s in %s",
                        modelDirectory,
                        GENERATION_CONFIG,
                        BaseModelDirectory.CONFIG,
                        ID,
                        BaseModelDirectory.TOKENIZER_CONFIG,
                        TokenizerSettings.END_TOKEN,
                        ID,
                        GENERATION_CONFIG)));
        return Set.of(tokenizer
                .id(token)
                .orElseThrow(() -> new BadInputException(String.format(
                        "%s: %s '%s' is no token of %s. Set it to the end token of the model",
                        settings.where(), TokenizerSettings.END_TOKEN, token, BaseModelDirectory.TOKENIZER))));
    }

    /** One id or a list of them; none where there is no value. */
    private static Set<Integer> ids(JsonNode value, Path file, int vocabulary) {
        Set<Integer> ids = new TreeSet<>();
        if (value.isMissingNode() || value.isNull()) {
            return ids;
        }
        for (JsonNode id : value.isArray() ? value : JSON.createArrayNode().add(value)) {
            if (!id.isInt() || id.intValue() < 0 || id.intValue() >= vocabulary) {
                throw new BadInputException(String.format(
                        "%s: %s is %s, which is no token id of the model: they are 0 to %d. Correct it",
                        file, ID, id, vocabulary - 1));
            }
            ids.add(id.intValue());
        }
        return ids;
    }

    private static JsonNode read(Configuration hadoop, Path file) {
        try (InputStream in = file.getFileSystem(hadoop).open(file)) {
            return JSON.readTree(in);
        } catch (FileNotFoundException e) {
            return JSON.createObjectNode();
        } catch (IOException e) {
            throw new BadInputException(
                    String.format("%s cannot be read: %s. Prepare the model again", file, JsonReason.of(e)), e);
        }
    }
}
