package org.erat.data.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a server on this machine that answers as the hub does: large files are elsewhere, and need no token there. */
@Timeout(60)
class HubTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /** {@code echo -n '{}' | git hash-object --stdin}. */
    private static final String GIT_OF_BRACES = "9e26dfeeb6e641a33dae4961196235bdb965b21b";

    private static final HubModel MODEL = HubModel.parse("hf:org/tiny");

    @TempDir
    private Path folder;

    private final byte[] weights = new byte[100_000];
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private HttpServer hub;
    private HttpServer storage;
    private String weightsDigest;

    /** Bytes that the storage sends before it breaks off; all by default. */
    private int breaksOffAfter = Integer.MAX_VALUE;

    private int status = 200;

    @BeforeEach
    void start() throws IOException {
        new Random(1).nextBytes(weights);
        weightsDigest = Sha256.of(weights);
        hub = server(this::answer);
        storage = server(this::store);
    }

    private static HttpServer server(com.sun.net.httpserver.HttpHandler handler) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", handler);
        server.start();
        return server;
    }

    @AfterEach
    void stop() {
        hub.stop(0);
        storage.stop(0);
    }

    private static String address(HttpServer server) {
        return "http://" + InetAddress.getLoopbackAddress().getHostAddress() + ":"
                + server.getAddress().getPort();
    }

    private Hub user() {
        return Hub.of(
                Map.of("HF_ENDPOINT", address(hub), "HF_TOKEN", "secret", "HF_HOME", folder.toString()), Path.of("/"));
    }

    private Path fetch() {
        return user().fetch(MODEL, name -> !name.equals("pytorch_model.bin"), line -> {});
    }

    // ---- the servers

    private void note(String server, HttpExchange exchange) {
        requests.add(server + " " + exchange.getRequestMethod() + " "
                + exchange.getRequestURI().getPath() + " "
                + exchange.getRequestHeaders().getOrDefault("Range", List.of()) + " "
                + exchange.getRequestHeaders().getOrDefault("Authorization", List.of()));
    }

    private void answer(HttpExchange exchange) throws IOException {
        note("hub", exchange);
        String path = exchange.getRequestURI().getPath();
        if (status != 200) {
            exchange.sendResponseHeaders(status, -1);
        } else if (path.equals("/api/models/org/tiny/revision/main")) {
            send(
                    exchange,
                    ("{\"sha\": \"" + COMMIT + "\", \"siblings\": [{\"rfilename\": \"config.json\"},"
                                    + " {\"rfilename\": \"../../evil\"}, {\"rfilename\": \"model.safetensors\"},"
                                    + " {\"rfilename\": \"pytorch_model.bin\"}]}")
                            .getBytes(StandardCharsets.UTF_8),
                    Integer.MAX_VALUE);
        } else if (path.equals("/org/tiny/resolve/" + COMMIT + "/config.json")) {
            exchange.getResponseHeaders().set("ETag", "\"" + GIT_OF_BRACES + "\"");
            send(exchange, "{}".getBytes(StandardCharsets.UTF_8), Integer.MAX_VALUE);
        } else if (path.equals("/org/tiny/resolve/" + COMMIT + "/model.safetensors")) {
            exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + weightsDigest + "\"");
            exchange.getResponseHeaders().set("Location", address(storage) + "/weights");
            exchange.sendResponseHeaders(302, -1);
        } else {
            exchange.sendResponseHeaders(404, -1);
        }
        exchange.close();
    }

    private void store(HttpExchange exchange) throws IOException {
        note("storage", exchange);
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
        int most = breaksOffAfter;
        breaksOffAfter = Integer.MAX_VALUE;
        send(exchange, Arrays.copyOfRange(weights, from, weights.length), most);
        exchange.close();
    }

    private static void send(HttpExchange exchange, byte[] bytes, int most) throws IOException {
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        exchange.sendResponseHeaders(exchange.getRequestHeaders().containsKey("Range") ? 206 : 200, bytes.length);
        OutputStream out = exchange.getResponseBody();
        out.write(bytes, 0, Math.min(most, bytes.length));
        out.flush();
        if (most < bytes.length) {
            throw new IOException("The server closes the connection, having promised more than it sent");
        }
    }

    // ---- tests

    @Test
    void filesAreInTheCacheAsPythonsClientHasThem() throws IOException {
        Path snapshot = fetch();

        Path repository = folder.resolve("hub/models--org--tiny");
        assertThat(snapshot).isEqualTo(repository.resolve("snapshots/" + COMMIT));
        assertThat(repository.resolve("refs/main")).hasContent(COMMIT);
        assertThat(snapshot).isDirectoryNotContaining("glob:**pytorch_model.bin");
        assertThat(Files.readSymbolicLink(snapshot.resolve("model.safetensors")))
                .isEqualTo(Path.of("../../blobs/" + weightsDigest));
        assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(repository.resolve("blobs/" + GIT_OF_BRACES)).hasContent("{}");
        assertThat(HubCache.name(snapshot)).contains("org/tiny");
    }

    @Test
    void theTokenGoesToTheHubOnly() {
        fetch();
        assertThat(requests)
                .filteredOn(line -> line.startsWith("hub"))
                .allMatch(line -> line.contains("Bearer secret"));
        assertThat(requests)
                .filteredOn(line -> line.startsWith("storage"))
                .isNotEmpty()
                .noneMatch(line -> line.contains("secret"));
    }

    @Test
    void whatIsThereIsNotFetchedAgain() {
        fetch();
        requests.clear();
        fetch();
        assertThat(requests).hasSize(1).allMatch(line -> line.contains("/api/models/"));
    }

    @Test
    void aDownloadThatBreaksOffGoesOnWhereItStopped() {
        breaksOffAfter = 30_000;
        assertThat(fetch().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(requests).anyMatch(line -> line.contains("/weights [bytes=30000-]"));
    }

    @Test
    void whatAKilledCommandLeftIsUsed() throws IOException {
        Path blobs = Files.createDirectories(folder.resolve("hub/models--org--tiny/blobs"));
        Files.write(blobs.resolve(weightsDigest + ".incomplete"), Arrays.copyOf(weights, 70_000));
        assertThat(fetch().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(requests).anyMatch(line -> line.contains("/weights [bytes=70000-]"));
    }

    @Test
    void aDamagedFileIsRefusedAndFetchedAnewTheNextTime() {
        weights[5]++;
        assertThatThrownBy(this::fetch)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("has the checksum " + Sha256.of(weights) + " and not " + weightsDigest);
        weights[5]--;
        assertThat(fetch().resolve("model.safetensors")).hasBinaryContent(weights);
    }

    @Test
    void withoutAnAnswerTheCacheServes() {
        assertThatThrownBy(() -> {
                    status = 503;
                    fetch();
                })
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("org/tiny cannot be fetched")
                .hasMessageContaining("answer 503");
        status = 200;
        Path snapshot = fetch();
        status = 503;
        List<String> lines = new ArrayList<>();
        assertThat(user().fetch(MODEL, name -> true, lines::add)).isEqualTo(snapshot);
        assertThat(lines).singleElement().asString().contains("does not answer", "taking org/tiny from");
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 404})
    void aModelThatMayNotBeReadIsNamed(int refusal) {
        status = refusal;
        assertThatThrownBy(this::fetch)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("answer " + refusal)
                .hasMessageContaining("HF_TOKEN may not read it")
                .hasMessageNotContaining("secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"hf:", "hf:a/b/c", "hf:../x", "hf:a/..b", "hf:a b", "hf:org/x@", "hf:org/x@../y"})
    void anAddressThatIsNoneIsRefused(String address) {
        assertThatThrownBy(() -> HubModel.parse(address))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("is no model of the hub. Write hf:ORG/NAME");
    }

    @Test
    void theEnvironmentSaysWhereHubAndCacheAre() {
        Path home = Path.of("/home/me");
        assertThat(Hub.of(Map.of(), home))
                .isEqualTo(new Hub(
                        URI.create("https://huggingface.co/"),
                        Optional.empty(),
                        new HubCache(home.resolve(".cache/huggingface/hub"))));
        assertThat(Hub.of(Map.of("HF_HOME", "/x", "HF_ENDPOINT", "https://mirror/hf/"), home))
                .isEqualTo(
                        new Hub(URI.create("https://mirror/hf/"), Optional.empty(), new HubCache(Path.of("/x/hub"))));
        assertThat(Hub.of(Map.of("HF_HOME", "/x", "HF_HUB_CACHE", "/y"), home).cache())
                .isEqualTo(new HubCache(Path.of("/y")));
        assertThat(HubModel.parse("hf:gpt2@v1")).isEqualTo(new HubModel("gpt2", "v1"));
    }
}
