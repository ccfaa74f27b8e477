package org.erat.data.maven;

import java.nio.file.Path;
import java.util.regex.Pattern;
import org.erat.data.UsageException;

/**
 * The jar of a Maven artifact, named by {@code maven:GROUP:ARTIFACT:VERSION}. All parts are plain names: they become
 * paths and arguments.
 */
public record MavenArtifact(String group, String artifact, String version) {
    private static final String SCHEME = "maven:";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*");

    /** Whether {@code name} names an artifact rather than a path. */
    public static boolean isArtifact(String name) {
        return name.startsWith(SCHEME);
    }

    /**
     * Parses {@code maven:GROUP:ARTIFACT:VERSION}.
     *
     * @throws UsageException if it has another form
     */
    public static MavenArtifact parse(String name) {
        String[] parts = name.split(":", -1);
        if (!isArtifact(name) || parts.length != 4) {
            throw new UsageException("'" + name + "' is not of the form maven:GROUP:ARTIFACT:VERSION.");
        }
        return new MavenArtifact(plain(parts[1], name), plain(parts[2], name), plain(parts[3], name));
    }

    private static String plain(String part, String name) {
        if (!NAME.matcher(part).matches()) {
            throw new UsageException("'" + part + "' in '" + name
                    + "' is not a valid part of Maven coordinates. Write maven:GROUP:ARTIFACT:VERSION.");
        }
        return part;
    }

    /** Where the jar lies in a local repository. */
    Path jarIn(Path repository) {
        return repository
                .resolve(group.replace('.', '/'))
                .resolve(artifact)
                .resolve(version)
                .resolve(artifact + "-" + version + ".jar");
    }

    /** {@code GROUP:ARTIFACT:VERSION}, as Maven writes it. */
    @Override
    public String toString() {
        return group + ":" + artifact + ":" + version;
    }
}
