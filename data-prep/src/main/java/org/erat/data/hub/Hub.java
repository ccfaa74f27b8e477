package org.erat.data.hub;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.erat.data.Address;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.Sha256;
import org.erat.data.UsageException;

/**
 * The Hugging Face hub, or a server that speaks as it does. Files go to the cache that Python's client has, and come from
 * there where they are there. A download that was cut off goes on where it stopped. Each file's checksum is the one that the
 * hub has for it: SHA-256 of large files, Git's own of small ones.
 *
 * @param endpoint address of the server
 * @param token what it knows the user by; sent to no other server
 * @param cache where files lie
 */
public record Hub(URI endpoint, Optional<String> token, HubCache cache) {
    /** A server that sends nothing for so long has broken off. */
    private static final int MILLIS_OF_SILENCE = 30_000;

    private static final int MOST_REDIRECTS = 5;
    private static final int TRIES = 5;
    private static final String SHA_256 = "[0-9a-f]{64}";
    private static final String GIT = "[0-9a-f]{40}";

    /** The hub of the process's environment: HF_ENDPOINT, HF_TOKEN, HF_HUB_CACHE and HF_HOME. */
    public static Hub ofUser() {
        return of(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    static Hub of(Map<String, String> environment, Path home) {
        String endpoint = Optional.ofNullable(environment.get("HF_ENDPOINT"))
                .map(String::strip)
                .filter(given -> !given.isEmpty())
                .orElse("https://huggingface.co");
        if (!Address.isWebServer(endpoint)) {
            throw new UsageException("HF_ENDPOINT is no address of a server: set it to https://HOST, without user and"
                    + " password, or leave it unset. A token goes into HF_TOKEN.");
        }
        Optional<String> token = Optional.ofNullable(environment.get("HF_TOKEN"))
                .map(String::strip)
                .filter(given -> !given.isEmpty());
        return new Hub(URI.create(endpoint.replaceFirst("/+$", "") + "/"), token, HubCache.of(environment, home));
    }

    /**
     * A directory in the cache with some of a model's files, fetched where they are not there.
     *
     * @param wanted which files, by their names
     * @param progress takes one line at a time, for people to read
     * @throws BadInputException if there is no such model, the server cannot be reached, or a file is damaged
     */
    public Path fetch(HubModel model, Predicate<String> wanted, Consumer<String> progress) {
        try {
            JsonNode answer =
                    json(endpoint.resolve("api/models/" + model.name() + "/revision/" + model.revision()), model);
            String commit = answer.path("sha").asText();
            if (!commit.matches(GIT)) {
                throw new BadInputException(endpoint + ": gives no commit of " + model.name()
                        + ". Check HF_ENDPOINT: it has to be the Hugging Face hub or a mirror of it.");
            }
            TreeSet<String> names = new TreeSet<>();
            // A plain name keeps a hostile server from reaching outside of the directory.
            answer.path("siblings")
                    .forEach(file -> names.add(file.path("rfilename").asText()));
            names.removeIf(name -> !name.matches("[A-Za-z0-9][A-Za-z0-9._-]*") || !wanted.test(name));
            Path snapshot = Files.createDirectories(cache.snapshot(model, commit));
            for (String name : names) {
                fetch(model, commit, name, snapshot.resolve(name), progress);
            }
            Path reference = cache.reference(model);
            Files.createDirectories(reference.getParent());
            Files.writeString(reference, commit);
            return snapshot;
        } catch (IOException e) {
            return offline(model, e, progress);
        }
    }

    /** What the cache has, where the server does not answer. */
    private Path offline(HubModel model, IOException failure, Consumer<String> progress) {
        Path snapshot = null;
        try {
            snapshot = cache.snapshot(
                    model, Files.readString(cache.reference(model)).strip());
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        if (snapshot == null || !Files.isDirectory(snapshot)) {
            throw new BadInputException(
                    endpoint + ": " + model.name() + " cannot be fetched: " + failure
                            + ". Check the network and HF_ENDPOINT, and run the command again: it goes on where it"
                            + " stopped. Or name a directory that holds the model.",
                    failure);
        }
        progress.accept(endpoint + " does not answer (" + failure + "): taking " + model.name() + " from " + snapshot);
        return snapshot;
    }

    /** Without the token. */
    @Override
    public String toString() {
        return "hub " + endpoint;
    }

    // ---- a file

    private void fetch(HubModel model, String commit, String name, Path file, Consumer<String> progress)
            throws IOException {
        if (Files.isRegularFile(file)) {
            return;
        }
        URI address = endpoint.resolve(model.name() + "/resolve/" + commit + "/" + name);
        Answer head = send(address, "HEAD", 0, model);
        head.close();
        String etag = head.header("X-Linked-Etag")
                .or(() -> head.header("ETag"))
                .orElse("")
                .replaceFirst("^W/", "")
                .replace("\"", "");
        if (!etag.matches(SHA_256 + "|" + GIT)) {
            throw new BadInputException(address + ": has no checksum (ETag '" + etag
                    + "'). Check HF_ENDPOINT: it has to be the Hugging Face hub or a mirror of it.");
        }
        Path blob = cache.blob(model, etag);
        Files.createDirectories(blob.getParent());
        if (!Files.isRegularFile(blob)) {
            progress.accept("fetching " + model.name() + " " + name
                    + head.header("X-Linked-Size")
                            .map(bytes -> ", " + bytes + " bytes")
                            .orElse(""));
            download(model, address, blob, etag);
        }
        Files.deleteIfExists(file);
        try {
            Files.createSymbolicLink(file, file.getParent().relativize(blob));
        } catch (UnsupportedOperationException e) {
            Files.copy(blob, file);
        }
    }

    private void download(HubModel model, URI address, Path blob, String etag) throws IOException {
        Path partial = blob.resolveSibling(etag + ".incomplete");
        IOException failure = new IOException("no try was made");
        for (int tries = 0; tries < TRIES; tries++) {
            try {
                append(model, address, partial);
                requireChecksum(address, partial, etag);
                Files.move(partial, blob, StandardCopyOption.ATOMIC_MOVE);
                return;
            } catch (IOException e) {
                failure = e;
            }
        }
        throw failure;
    }

    private void append(HubModel model, URI address, Path partial) throws IOException {
        long from = Files.exists(partial) ? Files.size(partial) : 0;
        try (Answer answer = send(address, "GET", from, model)) {
            if (answer.status() == 416) {
                // All of it is there; the checksum says whether it is the file.
                return;
            }
            // A server that knows no ranges sends all of it again.
            boolean goesOn = answer.status() == 206;
            try (OutputStream out = Files.newOutputStream(
                    partial,
                    StandardOpenOption.CREATE,
                    goesOn ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                long bytes = answer.body().transferTo(out);
                if (bytes < answer.connection().getContentLengthLong()) {
                    throw new IOException(address + " broke off after " + bytes + " bytes");
                }
            }
        }
    }

    private static void requireChecksum(URI address, Path partial, String etag) throws IOException {
        String actual = etag.matches(SHA_256) ? Sha256.of(partial) : gitDigest(partial);
        if (!actual.equals(etag)) {
            Files.delete(partial);
            throw new BadInputException(address + ": what was fetched has the checksum " + actual + " and not " + etag
                    + ". It was damaged on its way: run the command again.");
        }
    }

    /** SHA-1 as Git has it of a file's contents. */
    private static String gitDigest(Path file) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-1");
            digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.UTF_8));
            try (InputStream in = Files.newInputStream(file)) {
                Sha256.update(digest, in);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-1", e);
        }
    }

    // ---- requests

    private JsonNode json(URI address, HubModel model) throws IOException {
        try (Answer answer = send(address, "GET", 0, model)) {
            return Json.mapper().readTree(Json.bytes(answer.body(), address.toString()));
        }
    }

    /**
     * An answer, after redirects: those of a HEAD request only within the server, since it is the server that knows the
     * file's checksum.
     */
    private Answer send(URI address, String method, long from, HubModel model) throws IOException {
        URI at = address;
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            Answer answer = sendOnce(at, method, from);
            int status = answer.status();
            boolean redirected = status >= 300 && status < 400;
            if (!redirected) {
                return checked(answer, address, model);
            }
            URI next = at.resolve(answer.header("Location").orElse(""));
            answer.close();
            if (method.equals("HEAD")
                    && (!isOurs(next) || answer.header("X-Linked-Etag").isPresent())) {
                return answer;
            }
            at = next;
        }
        throw new IOException(address + " redirects more than " + MOST_REDIRECTS + " times");
    }

    private Answer sendOnce(URI address, String method, long from) throws IOException {
        if (!(address.toURL().openConnection() instanceof HttpURLConnection request)) {
            throw new IOException(address + " is no web address");
        }
        request.setRequestMethod(method);
        request.setInstanceFollowRedirects(false);
        request.setConnectTimeout(MILLIS_OF_SILENCE);
        request.setReadTimeout(MILLIS_OF_SILENCE);
        if (isOurs(address)) {
            token.ifPresent(secret -> request.setRequestProperty("Authorization", "Bearer " + secret));
        }
        if (from > 0) {
            request.setRequestProperty("Range", "bytes=" + from + "-");
        }
        return new Answer(request, request.getResponseCode());
    }

    /** An answer, whose body may still be on its way. */
    private record Answer(HttpURLConnection connection, int status) implements AutoCloseable {
        Optional<String> header(String name) {
            return Optional.ofNullable(connection.getHeaderField(name));
        }

        /** Of an answer that is no error. It may end before all has come. */
        InputStream body() throws IOException {
            return connection.getInputStream();
        }

        @Override
        public void close() {
            connection.disconnect();
        }
    }

    private boolean isOurs(URI address) {
        return endpoint.getScheme().equals(address.getScheme())
                && endpoint.getAuthority().equals(address.getAuthority());
    }

    private Answer checked(Answer answer, URI address, HubModel model) throws IOException {
        int status = answer.status();
        if (List.of(200, 206, 416).contains(status)) {
            return answer;
        }
        answer.close();
        if (status == 401 || status == 403 || status == 404) {
            String reason = token.isPresent()
                    ? "there is no such model or revision, or HF_TOKEN may not read it"
                    : "there is no such model or revision, or it needs a token in HF_TOKEN";
            throw new BadInputException(address + ": answer " + status + ": " + reason + ". Check the name '"
                    + model.name() + "' and the revision '" + model.revision() + "'.");
        }
        throw new IOException("answer " + status + " from " + address);
    }
}
