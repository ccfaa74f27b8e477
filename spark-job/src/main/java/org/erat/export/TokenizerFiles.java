package org.erat.export;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.basemodel.BaseModelDirectory;

/**
 * The files with which Python's libraries make the same tokens of a text as training did. They travel from the base model
 * to the adapter and to its exports.
 *
 * @param contents by name; empty where none travels
 */
public record TokenizerFiles(Map<String, byte[]> contents) {
    public static final TokenizerFiles NONE = new TokenizerFiles(Map.of());

    /**
     * Those in a directory, a base model's or an adapter's. Adapters of earlier programs have none.
     *
     * @throws BadInputException if one cannot be read
     */
    public static TokenizerFiles in(Path directory, Configuration hadoop) {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        try {
            FileSystem fs = directory.getFileSystem(hadoop);
            for (String name : BaseModelDirectory.TOKENIZER_FILES) {
                Path file = new Path(directory, name);
                if (fs.exists(file)) {
                    try (InputStream in = fs.open(file)) {
                        contents.put(name, in.readAllBytes());
                    }
                }
            }
        } catch (IOException e) {
            throw new BadInputException(directory + ": its tokenizer cannot be read: " + e.getMessage(), e);
        }
        return new TokenizerFiles(contents);
    }
}
