package org.erat.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Chromium without a window, driven by its DevTools protocol over a WebSocket on the loopback interface. */
final class Browser implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long SECONDS = 60;

    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger last = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> replies = new ConcurrentHashMap<>();
    private final List<JsonNode> events = Collections.synchronizedList(new ArrayList<>());
    private final String session;

    /** @param profile an empty folder */
    Browser(Path profile) throws Exception {
        process = new ProcessBuilder(
                        "chromium",
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--hide-scrollbars",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile)
                .redirectErrorStream(true)
                .start();
        BufferedReader said =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String address = address(said);
        Thread rest = new Thread(() -> said.lines().forEach(line -> {}), "what the browser says");
        rest.setDaemon(true);
        rest.start();
        socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(URI.create(address), new Receiver())
                .get(SECONDS, TimeUnit.SECONDS);
        String target = call("", "Target.createTarget", JSON.createObjectNode().put("url", "about:blank"))
                .path("targetId")
                .asText();
        session = call(
                        "",
                        "Target.attachToTarget",
                        JSON.createObjectNode().put("targetId", target).put("flatten", true))
                .path("sessionId")
                .asText();
        for (String domain : List.of("Page", "Network", "Runtime", "Log")) {
            call(domain + ".enable", JSON.createObjectNode());
        }
    }

    private static String address(BufferedReader said) throws IOException {
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            if (line.contains("DevTools listening on ")) {
                return line.substring(line.indexOf("ws://"));
            }
        }
        throw new IOException("chromium ended before it listened");
    }

    private final class Receiver implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean whole) {
            message.append(part);
            if (whole) {
                receive(message.toString());
                message.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private void receive(String text) {
        try {
            JsonNode message = JSON.readTree(text);
            if (message.has("id")) {
                replies.remove(message.path("id").asInt()).complete(message);
            } else {
                events.add(message);
            }
        } catch (IOException e) {
            throw new IllegalStateException(text, e);
        }
    }

    private JsonNode call(String method, ObjectNode parameters) throws Exception {
        return call(session, method, parameters);
    }

    private JsonNode call(String ofSession, String method, ObjectNode parameters) throws Exception {
        int id = last.incrementAndGet();
        ObjectNode request = JSON.createObjectNode().put("id", id).put("method", method);
        request.set("params", parameters);
        if (!ofSession.isEmpty()) {
            request.put("sessionId", ofSession);
        }
        CompletableFuture<JsonNode> reply = new CompletableFuture<>();
        replies.put(id, reply);
        socket.sendText(request.toString(), true).get(SECONDS, TimeUnit.SECONDS);
        JsonNode answer = reply.get(SECONDS, TimeUnit.SECONDS);
        if (answer.has("error")) {
            throw new IllegalStateException(method + ": " + answer);
        }
        return answer.path("result");
    }

    /** Opens a file in a window of a width, light or dark. */
    void open(Path file, int width, String scheme) throws Exception {
        events.clear();
        call(
                "Emulation.setDeviceMetricsOverride",
                JSON.createObjectNode()
                        .put("width", width)
                        .put("height", 900)
                        .put("deviceScaleFactor", 1)
                        .put("mobile", false));
        ObjectNode media = JSON.createObjectNode();
        media.putArray("features")
                .addObject()
                .put("name", "prefers-color-scheme")
                .put("value", scheme);
        call("Emulation.setEmulatedMedia", media);
        call("Page.navigate", JSON.createObjectNode().put("url", file.toUri().toString()));
        // Answers when the page has loaded, whichever comes first.
        evaluate(
                "new Promise(done => document.readyState == 'complete' ? done(1) : addEventListener('load', () => done(1)))");
    }

    /** The value of an expression on the page. */
    JsonNode evaluate(String expression) throws Exception {
        JsonNode result = call(
                "Runtime.evaluate",
                JSON.createObjectNode()
                        .put("expression", expression)
                        .put("awaitPromise", true)
                        .put("returnByValue", true));
        return result.path("result").path("value");
    }

    /** The whole page as a PNG in Base64. */
    String screenshot() throws Exception {
        return call(
                        "Page.captureScreenshot",
                        JSON.createObjectNode().put("format", "png").put("captureBeyondViewport", true))
                .path("data")
                .asText();
    }

    /** Addresses that were asked for since the page was opened, but for what is in the page itself. */
    List<String> requests() {
        return ofKind("Network.requestWillBeSent").stream()
                .map(event -> event.path("params").path("request").path("url").asText())
                .filter(address -> !address.startsWith("data:"))
                .toList();
    }

    /** Errors of scripts, and what the browser complains about. */
    List<String> complaints() {
        return List.of("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled").stream()
                .flatMap(kind -> ofKind(kind).stream())
                .map(JsonNode::toString)
                .toList();
    }

    private List<JsonNode> ofKind(String kind) {
        synchronized (events) {
            return events.stream()
                    .filter(event -> event.path("method").asText().equals(kind))
                    .toList();
        }
    }

    @Override
    public void close() {
        socket.abort();
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
