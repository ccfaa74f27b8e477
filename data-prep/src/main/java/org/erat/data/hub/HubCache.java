package org.erat.data.hub;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The cache of the hub's Python client: {@code models--ORG--NAME/snapshots/COMMIT} holds a model's files, as links to
 * {@code models--ORG--NAME/blobs}, and {@code models--ORG--NAME/refs/BRANCH} the commit of a branch.
 *
 * @param root folder with a folder for each model
 */
public record HubCache(Path root) {
    private static final Pattern REPOSITORY = Pattern.compile("models--([A-Za-z0-9._-]+)");

    /** The cache of a user, as Python's client finds it: HF_HUB_CACHE, else in HF_HOME, else in the home directory. */
    static HubCache of(Map<String, String> environment, Path home) {
        Optional<Path> hub = given(environment, "HF_HUB_CACHE").map(Path::of);
        Path common = given(environment, "HF_HOME").map(Path::of).orElse(home.resolve(".cache/huggingface"));
        return new HubCache(hub.orElse(common.resolve("hub")));
    }

    private static Optional<String> given(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }

    /** The name on the hub of a model whose directory is a snapshot in a cache; empty for any other path. */
    public static Optional<String> name(Path directory) {
        Path snapshots = directory.getParent();
        Path repository = snapshots == null || !snapshots.endsWith("snapshots") ? null : snapshots.getParent();
        if (repository == null || repository.getFileName() == null) {
            return Optional.empty();
        }
        Matcher matcher = REPOSITORY.matcher(repository.getFileName().toString());
        return matcher.matches() ? Optional.of(matcher.group(1).replace("--", "/")) : Optional.empty();
    }

    Path blob(HubModel model, String etag) {
        return repository(model).resolve("blobs").resolve(etag);
    }

    Path snapshot(HubModel model, String commit) {
        return repository(model).resolve("snapshots").resolve(commit);
    }

    /** The file that holds the commit of the model's branch. */
    Path reference(HubModel model) {
        return repository(model).resolve("refs").resolve(model.revision());
    }

    private Path repository(HubModel model) {
        return root.resolve(model.folder());
    }
}
