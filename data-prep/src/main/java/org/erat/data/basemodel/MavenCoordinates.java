package org.erat.data.basemodel;

import java.nio.file.Path;
import java.util.regex.Pattern;
import org.erat.data.UsageException;

/** The coordinates of a jar in a Maven repository. All parts are plain names: they become paths and arguments. */
record MavenCoordinates(String group, String artifact, String version) {
    static final String SCHEME = "maven:";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*");

    /**
     * Parses {@code maven:GROUP:ARTIFACT:VERSION}.
     *
     * @throws UsageException if it has another form
     */
    static MavenCoordinates parse(String from) {
        String[] parts = from.substring(SCHEME.length()).split(":", -1);
        if (parts.length != 3) {
            throw new UsageException("'" + from + "' is not of the form maven:GROUP:ARTIFACT:VERSION.");
        }
        for (String part : parts) {
            if (!NAME.matcher(part).matches()) {
                throw new UsageException("'" + part + "' in '" + from
                        + "' is not a valid part of Maven coordinates. Write maven:GROUP:ARTIFACT:VERSION.");
            }
        }
        return new MavenCoordinates(parts[0], parts[1], parts[2]);
    }

    /** Where the jar lies in a local repository. */
    Path jarIn(Path repository) {
        return repository
                .resolve(group.replace('.', '/'))
                .resolve(artifact)
                .resolve(version)
                .resolve(artifact + "-" + version + ".jar");
    }

    @Override
    public String toString() {
        return group + ":" + artifact + ":" + version;
    }
}
