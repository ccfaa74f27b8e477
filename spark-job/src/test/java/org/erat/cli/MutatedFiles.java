package org.erat.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Files changed at random, as damage, other programs or people change them. */
final class MutatedFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final int DEEP = 5000;

    private final Random random;

    MutatedFiles(Random random) {
        this.random = random;
    }

    /** Changed bytes of a file; of one with JSON, half of the time a changed value. */
    byte[] of(byte[] file, boolean json) {
        return json && random.nextBoolean() ? changedJson(file) : changedBytes(file);
    }

    private byte[] changedBytes(byte[] file) {
        byte[] changed = file.clone();
        int length = Math.max(1, changed.length);
        // Headers are in front and footers at the end.
        int at =
                switch (random.nextInt(4)) {
                    case 0 -> random.nextInt(Math.min(length, 64));
                    case 1 -> length - 1 - random.nextInt(Math.min(length, 64));
                    default -> random.nextInt(length);
                };
        switch (random.nextInt(6)) {
            case 0 -> {
                return Arrays.copyOf(changed, at);
            }
            case 1 -> {
                return joined(Arrays.copyOf(changed, at), noise(1 + random.nextInt(40)), file, at);
            }
            case 2 -> {
                return joined(
                        Arrays.copyOf(changed, at),
                        new byte[0],
                        file,
                        Math.min(file.length, at + 1 + random.nextInt(40)));
            }
            case 3 -> Arrays.fill(changed, Math.min(at, changed.length), Math.min(changed.length, at + 16), (byte) 0);
            case 4 -> {
                for (int i = at; i < Math.min(changed.length, at + 8); i++) {
                    changed[i] = (byte) random.nextInt();
                }
            }
            default -> {
                if (at < changed.length) {
                    changed[at] ^= (byte) (1 << random.nextInt(8));
                }
            }
        }
        return changed;
    }

    private static byte[] joined(byte[] start, byte[] middle, byte[] file, int from) {
        byte[] all = Arrays.copyOf(start, start.length + middle.length + file.length - from);
        System.arraycopy(middle, 0, all, start.length, middle.length);
        System.arraycopy(file, from, all, start.length + middle.length, file.length - from);
        return all;
    }

    private byte[] noise(int length) {
        byte[] noise = new byte[length];
        random.nextBytes(noise);
        return noise;
    }

    /** The document with one value replaced, removed or added; of safetensors the header. */
    private byte[] changedJson(byte[] file) {
        JsonNode root;
        try {
            root = JSON.readTree(file);
            List<JsonNode> parents = new ArrayList<>();
            collect(root, parents);
            if (parents.isEmpty()) {
                return changedBytes(file);
            }
            change(parents.get(random.nextInt(parents.size())));
            return random.nextInt(20) == 0 ? deep(root) : JSON.writeValueAsBytes(root);
        } catch (java.io.IOException e) {
            return changedBytes(file);
        }
    }

    private static void collect(JsonNode node, List<JsonNode> parents) {
        if (node.isContainerNode() && !node.isEmpty()) {
            parents.add(node);
            node.forEach(child -> collect(child, parents));
        }
    }

    private void change(JsonNode parent) {
        if (parent instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            String name = names.get(random.nextInt(names.size()));
            switch (random.nextInt(5)) {
                case 0 -> object.remove(name);
                case 1 -> object.set(name + "x", object.remove(name));
                default -> object.set(name, oddValue());
            }
        } else {
            ArrayNode array = (ArrayNode) parent;
            switch (random.nextInt(4)) {
                case 0 -> array.remove(random.nextInt(array.size()));
                case 1 -> array.add(oddValue());
                default -> array.set(random.nextInt(array.size()), oddValue());
            }
        }
    }

    private JsonNode oddValue() {
        List<JsonNode> values = List.of(
                NODES.nullNode(),
                NODES.numberNode(0),
                NODES.numberNode(-1),
                NODES.numberNode(1),
                NODES.numberNode(7),
                NODES.numberNode(Integer.MAX_VALUE),
                NODES.numberNode(1L << 40),
                NODES.numberNode(Long.MAX_VALUE),
                NODES.numberNode(0.5),
                NODES.numberNode(1e308),
                NODES.numberNode(Double.NaN),
                NODES.textNode(""),
                NODES.textNode("\u0000"),
                NODES.textNode("12"),
                NODES.textNode("ß".repeat(3000)),
                NODES.booleanNode(true),
                NODES.booleanNode(false),
                NODES.arrayNode(),
                NODES.objectNode(),
                NODES.arrayNode().add(-1),
                NODES.objectNode().put("type", "Sequence"));
        return values.get(random.nextInt(values.size()));
    }

    /** The document inside of thousands of lists. */
    private static byte[] deep(JsonNode root) throws JsonProcessingException {
        String text = "[".repeat(DEEP) + JSON.writeValueAsString(root) + "]".repeat(DEEP);
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
