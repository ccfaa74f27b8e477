package org.erat.model;

import java.io.Serializable;
import java.net.URI;
import org.apache.hadoop.fs.Path;

/**
 * A base model as files refer to it. The checksum says which one it is; the name, where it was.
 *
 * @param name address of its directory when the adapter was trained
 * @param sha256 SHA-256 of its weights, in hexadecimal
 */
public record BaseModelReference(String name, String sha256) implements Serializable {
    public BaseModelReference {
        // Refuses what is no address where a file is read, and not where it is used.
        new Path(name);
    }

    /**
     * The name as Python's libraries take it: a folder of this machine by its plain path, which {@code file:/...} is not
     * to them, and any other address as it is.
     */
    public String plainName() {
        URI address = new Path(name).toUri();
        return "file".equals(address.getScheme()) ? address.getPath() : name;
    }
}
