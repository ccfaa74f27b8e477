package org.erat.benchmark;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;

/** The process behind a {@link Child}: answers requests from its input until there are no more. */
final class ChildMain {
    private ChildMain() {}

    /** What one role of a process does. */
    interface Role extends AutoCloseable {
        /** Answers a request; what it throws becomes the answer's error. */
        ObjectNode answer(JsonNode request) throws Exception;

        @Override
        void close();
    }

    public static void main(String[] args) throws IOException {
        PrintStream answers = System.out;
        // What a library prints must not be taken for an answer.
        System.setOut(System.err);
        try (Role role = role(args)) {
            BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, UTF_8));
            for (String line = requests.readLine(); line != null; line = requests.readLine()) {
                answers.println(answer(role, Child.JSON.readTree(line)));
                answers.flush();
            }
        }
        System.exit(0);
    }

    private static Role role(String[] args) {
        return switch (args[0]) {
            case "ours" -> new SideRole(new OursEngine(Integer.parseInt(args[1])));
            case "torch" -> new SideRole(new TorchEngine(Integer.parseInt(args[1])));
            case "head" -> new HeadRole(Integer.parseInt(args[1]));
            case "spark" -> new SparkRole(args[1], args[2]);
            default -> throw new IllegalArgumentException("There is no role " + args[0]);
        };
    }

    private static ObjectNode answer(Role role, JsonNode request) {
        try {
            return role.answer(request);
        } catch (Exception | LinkageError e) {
            e.printStackTrace();
            return Child.JSON.createObjectNode().put("error", e.toString());
        }
    }
}
