package org.erat.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.erat.data.Json;

/**
 * Requests to an MLflow tracking server, by its REST API 2.0. Credentials come from the environment, under the names that
 * MLflow's own clients use: {@code MLFLOW_TRACKING_TOKEN}, or {@code MLFLOW_TRACKING_USERNAME} with {@code
 * MLFLOW_TRACKING_PASSWORD}. MLflow's own Java client sends artifacts through a Python program, so it is not used here.
 */
final class MlflowServer {
    private static final ObjectMapper JSON = Json.mapper();
    private static final Duration CONNECTING = Duration.ofSeconds(5);
    private static final Duration ANSWERING = Duration.ofSeconds(20);
    private static final int OK = 200;
    private static final int MOST_LETTERS_OF_AN_ERROR = 300;

    private final URI address;
    private final Optional<String> authorization;
    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(CONNECTING)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();

    private MlflowServer(URI address, Optional<String> authorization) {
        this.address = address;
        this.authorization = authorization;
    }

    /** @param address such as {@code http://host:5000} */
    static MlflowServer at(String address) {
        return at(address, System.getenv());
    }

    static MlflowServer at(String address, Map<String, String> environment) {
        String token = environment.get("MLFLOW_TRACKING_TOKEN");
        String user = environment.get("MLFLOW_TRACKING_USERNAME");
        Optional<String> authorization = Optional.empty();
        if (token != null) {
            authorization = Optional.of("Bearer " + token);
        } else if (user != null) {
            String pair = user + ":" + environment.getOrDefault("MLFLOW_TRACKING_PASSWORD", "");
            authorization =
                    Optional.of("Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
        }
        return new MlflowServer(URI.create(address.replaceFirst("/+$", "")), authorization);
    }

    @Override
    public String toString() {
        return address.toString();
    }

    /** A refusal, with the server's own words. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;

        private final String code;

        RefusedException(String what, int status, String code, String message) {
            super(what + " was answered with " + status + (code.isEmpty() ? "" : " " + code)
                    + (message.isEmpty() ? "" : ": " + message));
            this.code = code;
        }

        /** MLflow's name of the error, such as {@code RESOURCE_DOES_NOT_EXIST}; empty where it gave none. */
        String code() {
            return code;
        }
    }

    /** @param call such as {@code experiments/get-by-name} */
    JsonNode get(String call, Map<String, String> query) throws IOException, InterruptedException {
        String text = query.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + encoded(entry.getValue()))
                .collect(Collectors.joining("&"));
        return send(call, request(api(address, call + "?" + text)).GET());
    }

    /** @param call such as {@code runs/create} */
    JsonNode post(String call, JsonNode body) throws IOException, InterruptedException {
        return send(
                call,
                request(api(address, call))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body))));
    }

    /**
     * Sends a file to the server's artifact store.
     *
     * @param root address of the run's artifacts, {@code mlflow-artifacts:/…}, which may name another server
     * @param path of the file in it
     */
    void put(URI root, String path, byte[] content) throws IOException, InterruptedException {
        URI server =
                root.getAuthority() == null ? address : URI.create(address.getScheme() + "://" + root.getAuthority());
        String file = Arrays.stream((root.getPath() + "/" + path).split("/"))
                .filter(part -> !part.isEmpty())
                .map(MlflowServer::encoded)
                .collect(Collectors.joining("/"));
        send(
                "mlflow-artifacts",
                request(URI.create(server + "/api/2.0/mlflow-artifacts/artifacts/" + file))
                        .header("Content-Type", "application/octet-stream")
                        .PUT(BodyPublishers.ofByteArray(content)));
    }

    private static URI api(URI server, String call) {
        return URI.create(server + "/api/2.0/mlflow/" + call);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HttpRequest.Builder request(URI uri) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(ANSWERING);
        authorization.ifPresent(value -> request.header("Authorization", value));
        return request;
    }

    private JsonNode send(String what, HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
        if (response.statusCode() == OK) {
            return response.body().length == 0 ? JSON.createObjectNode() : JSON.readTree(response.body());
        }
        throw refused(what, response);
    }

    private static RefusedException refused(String what, HttpResponse<byte[]> response) {
        String text = new String(response.body(), StandardCharsets.UTF_8);
        String code = "";
        String message = text;
        try {
            JsonNode error = JSON.readTree(text);
            code = error.path("error_code").asText();
            message = error.path("message").asText();
        } catch (IOException e) {
            // The answer is no JSON, such as an error page of a proxy: its text becomes the message.
        }
        String line = message.strip().replaceAll("\\s+", " ");
        return new RefusedException(
                what,
                response.statusCode(),
                code,
                line.substring(0, Math.min(line.length(), MOST_LETTERS_OF_AN_ERROR)));
    }
}
