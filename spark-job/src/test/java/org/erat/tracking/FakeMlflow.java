package org.erat.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An MLflow server in memory, on the loopback interface. It takes the calls of REST API 2.0 that a run needs and checks
 * them as MLflow 2 and 3 do: names, limits of a batch, parameters that do not change.
 */
public final class FakeMlflow implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String API = "/api/2.0/mlflow/";
    private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/";

    /** A run on the server. */
    public static final class Run {
        public final String experiment;
        public final String name;
        public final Map<String, String> tags = new TreeMap<>();
        public final Map<String, String> parameters = new TreeMap<>();

        /** Values by step, by name. */
        public final Map<String, Map<Long, Double>> metrics = new TreeMap<>();

        public final Map<String, byte[]> artifacts = new TreeMap<>();
        public final List<String> statuses = new ArrayList<>(List.of("RUNNING"));

        private Run(String experiment, String name) {
            this.experiment = experiment;
            this.name = name;
        }
    }

    private final HttpServer server;
    private final List<String> experiments = new ArrayList<>();
    public final Map<String, Run> runs = new LinkedHashMap<>();
    public final List<String> authorizations = new ArrayList<>();

    private FakeMlflow(HttpServer server) {
        this.server = server;
    }

    /**
     * A server that listens.
     *
     * @param port 0 for any
     */
    public static FakeMlflow start(int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        FakeMlflow mlflow = new FakeMlflow(server);
        server.createContext("/", mlflow::answer);
        server.start();
        return mlflow;
    }

    public String address() {
        return "http://127.0.0.1:" + port();
    }

    int port() {
        return server.getAddress().getPort();
    }

    /** The only run that was made. */
    public Run run() {
        if (runs.size() != 1) {
            throw new AssertionError("There are " + runs.size() + " runs");
        }
        return runs.values().iterator().next();
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String authorization = exchange.getRequestHeaders().getFirst("Authorization");
        if (authorization != null) {
            authorizations.add(authorization);
        }
        ObjectNode answer = JSON.createObjectNode();
        int status = 200;
        try {
            String path = exchange.getRequestURI().getPath();
            if (path.startsWith(ARTIFACTS) && exchange.getRequestMethod().equals("PUT")) {
                keep(path.substring(ARTIFACTS.length()), body);
            } else {
                answer = call(exchange, path, body);
            }
        } catch (Refused refused) {
            status = refused.status;
            answer.put("error_code", refused.code).put("message", refused.getMessage());
        } catch (RuntimeException e) {
            status = 500;
            answer.put("message", e.toString());
        }
        byte[] bytes = answer.toString().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final int status;
        private final String code;

        private Refused(int status, String code, String message) {
            super(message);
            this.status = status;
            this.code = code;
        }
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new Refused(400, "INVALID_PARAMETER_VALUE", message);
        }
    }

    private synchronized void keep(String path, byte[] body) {
        // EXPERIMENT/RUN/artifacts/FILE, as the run's artifact_uri has it.
        String[] parts = path.split("/", 4);
        check(parts.length == 4 && parts[2].equals("artifacts"), "no place of a run: " + path);
        known(parts[1]).artifacts.put(parts[3], body);
    }

    private Run known(String id) {
        if (!runs.containsKey(id)) {
            throw new Refused(404, "RESOURCE_DOES_NOT_EXIST", "Run '" + id + "' not found");
        }
        return runs.get(id);
    }

    private synchronized ObjectNode call(HttpExchange exchange, String path, byte[] body) throws IOException {
        ObjectNode answer = JSON.createObjectNode();
        String call = exchange.getRequestMethod() + " " + path.substring(path.indexOf(API) + API.length());
        String query = exchange.getRequestURI().getQuery();
        JsonNode request = body.length == 0 ? JSON.createObjectNode() : JSON.readTree(body);
        switch (call) {
            case "GET experiments/get-by-name" -> {
                String name = query.substring("experiment_name=".length());
                if (!experiments.contains(name)) {
                    throw new Refused(
                            404, "RESOURCE_DOES_NOT_EXIST", "Could not find experiment with name '" + name + "'");
                }
                answer.putObject("experiment").put("experiment_id", Integer.toString(experiments.indexOf(name)));
            }
            case "POST experiments/create" -> {
                experiments.add(request.get("name").asText());
                answer.put("experiment_id", Integer.toString(experiments.size() - 1));
            }
            case "POST runs/create" -> {
                int experiment = Integer.parseInt(request.get("experiment_id").asText());
                Run run = new Run(
                        experiments.get(experiment), request.get("run_name").asText());
                request.get("tags").forEach(tag -> {
                    check(tag.get("key").asText().matches("[\\w./ -]+"), "Invalid tag name: " + tag);
                    run.tags.put(tag.get("key").asText(), tag.get("value").asText());
                });
                String id = "run" + runs.size();
                runs.put(id, run);
                info(answer, id);
            }
            case "GET runs/get" -> {
                String id = query.substring("run_id=".length());
                known(id);
                info(answer, id);
            }
            case "POST runs/log-batch" -> log(known(request.get("run_id").asText()), request);
            case "POST runs/update" ->
                known(request.get("run_id").asText())
                        .statuses
                        .add(request.get("status").asText());
            default -> throw new Refused(404, "ENDPOINT_NOT_FOUND", call);
        }
        return answer;
    }

    private static void info(ObjectNode answer, String id) {
        answer.putObject("run")
                .putObject("info")
                .put("run_id", id)
                .put("artifact_uri", "mlflow-artifacts:/0/" + id + "/artifacts");
    }

    private static void log(Run run, JsonNode request) {
        JsonNode metrics = request.path("metrics");
        JsonNode parameters = request.path("params");
        check(metrics.size() <= 1000, "A batch has more than 1000 metrics");
        check(parameters.size() <= 100, "A batch has more than 100 params");
        metrics.forEach(metric -> {
            check(metric.get("key").asText().matches("[\\w./ -]+"), "Invalid metric name: " + metric);
            check(
                    metric.get("timestamp").isIntegralNumber()
                            && metric.get("step").isIntegralNumber(),
                    metric.toString());
            run.metrics
                    .computeIfAbsent(metric.get("key").asText(), key -> new TreeMap<>())
                    .put(metric.get("step").asLong(), metric.get("value").asDouble());
        });
        parameters.forEach(parameter -> {
            check(parameter.get("key").asText().matches("[\\w./ -]+"), "Invalid param name: " + parameter);
            String value = parameter.get("value").asText();
            check(value.length() <= 500, "The value of a param is longer than 500: " + parameter);
            String before = run.parameters.put(parameter.get("key").asText(), value);
            check(before == null || before.equals(value), "Changing param values is not allowed: " + parameter);
        });
    }
}
