package org.erat.data.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.JsonReason;

/**
 * The JSON header of a safetensors file, checked in full: a header that parses describes tensors that tile the data
 * section exactly.
 *
 * @param tensors by name, in the order of the header
 * @param metadata the free text entries under {@code __metadata__}
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
    /** Name in the header that holds text, not a tensor. */
    static final String METADATA = "__metadata__";

    /** Largest header that is read, as in the reference implementation. */
    static final long MAX_BYTES = 100_000_000;

    private static final int MAX_DIMENSIONS = 32;

    private static final ObjectMapper JSON = Json.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /**
     * Parses and checks a header.
     *
     * @param bytes the header alone
     * @param dataBytes length of the data section that follows it
     * @param file name for error messages
     * @throws BadInputException if anything about it is wrong
     */
    static SafetensorsHeader parse(ByteBuffer bytes, long dataBytes, String file) {
        JsonNode root = json(bytes, file);
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        root.fields().forEachRemaining(entry -> {
            if (entry.getKey().equals(METADATA)) {
                readMetadata(entry.getValue(), metadata, file);
            } else {
                tensors.put(entry.getKey(), tensor(entry.getKey(), entry.getValue(), dataBytes, file));
            }
        });
        checkTiling(tensors, dataBytes, file);
        return new SafetensorsHeader(Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata));
    }

    private static JsonNode json(ByteBuffer bytes, String file) {
        if (!bytes.hasRemaining() || bytes.get(bytes.position()) != '{') {
            throw bad(file, "its header does not begin with '{'");
        }
        try {
            return JSON.readTree(
                    StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
        } catch (CharacterCodingException e) {
            throw bad(file, "its header is not valid UTF-8", e);
        } catch (JsonProcessingException e) {
            throw bad(file, "its header is not valid JSON: " + JsonReason.of(e), e);
        }
    }

    private static void readMetadata(JsonNode node, Map<String, String> into, String file) {
        if (!node.isObject()) {
            throw bad(file, METADATA + " is not an object");
        }
        node.fields().forEachRemaining(entry -> {
            if (!entry.getValue().isTextual()) {
                throw bad(file, METADATA + " entry '" + entry.getKey() + "' is not text");
            }
            into.put(entry.getKey(), entry.getValue().textValue());
        });
    }

    private static TensorInfo tensor(String name, JsonNode node, long dataBytes, String file) {
        if (!node.isObject() || node.size() != 3) {
            throw badTensor(file, name, "its entry must hold exactly dtype, shape and data_offsets");
        }
        String dtypeName = node.path("dtype").asText();
        Dtype dtype = Dtype.named(dtypeName)
                .orElseThrow(() -> badTensor(file, name, "its dtype '" + dtypeName + "' is not known"));
        long[] shape = numbers(node.path("shape"), name, "shape", file);
        long[] offsets = numbers(node.path("data_offsets"), name, "data_offsets", file);
        if (offsets.length != 2 || offsets[0] > offsets[1] || offsets[1] > dataBytes) {
            throw badTensor(
                    file,
                    name,
                    "its data_offsets " + node.path("data_offsets") + " do not lie inside the " + dataBytes
                            + " data bytes");
        }
        if (bytesOf(shape, dtype, name, file) != offsets[1] - offsets[0]) {
            throw badTensor(
                    file,
                    name,
                    "its shape " + node.path("shape") + " of " + dtype + " does not take the "
                            + (offsets[1] - offsets[0]) + " bytes that its data_offsets give it");
        }
        return new TensorInfo(dtype, shape, offsets[0], offsets[1]);
    }

    private static long[] numbers(JsonNode node, String tensor, String what, String file) {
        if (!node.isArray() || node.size() > MAX_DIMENSIONS) {
            throw badTensor(file, tensor, "its " + what + " is not a list of at most " + MAX_DIMENSIONS + " numbers");
        }
        long[] numbers = new long[node.size()];
        for (int i = 0; i < numbers.length; i++) {
            JsonNode number = node.get(i);
            if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 0) {
                throw badTensor(file, tensor, "its " + what + " holds " + number + ", not a whole number from 0");
            }
            numbers[i] = number.longValue();
        }
        return numbers;
    }

    private static long bytesOf(long[] shape, Dtype dtype, String tensor, String file) {
        try {
            long bytes = dtype.bytes();
            for (long dimension : shape) {
                bytes = Math.multiplyExact(bytes, dimension);
            }
            return bytes;
        } catch (ArithmeticException e) {
            throw badTensor(file, tensor, "its shape is larger than any file");
        }
    }

    private static void checkTiling(Map<String, TensorInfo> tensors, long dataBytes, String file) {
        List<Map.Entry<String, TensorInfo>> byOffset = tensors.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(
                        Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end)))
                .toList();
        long position = 0;
        for (Map.Entry<String, TensorInfo> entry : byOffset) {
            long begin = entry.getValue().begin();
            if (begin != position) {
                throw badTensor(
                        file,
                        entry.getKey(),
                        begin < position
                                ? "its data overlaps with the tensor before it"
                                : "there is a hole of " + (begin - position) + " bytes before its data");
            }
            position = entry.getValue().end();
        }
        if (position != dataBytes) {
            throw bad(file, (dataBytes - position) + " bytes after the last tensor belong to no tensor");
        }
    }

    static BadInputException bad(String file, String what) {
        return bad(file, what, null);
    }

    static BadInputException bad(String file, String what, Throwable cause) {
        return new BadInputException(
                file + ": not a usable safetensors file: " + what + ". Copy or download the file again.", cause);
    }

    private static BadInputException badTensor(String file, String tensor, String what) {
        return bad(file, "tensor '" + tensor + "': " + what);
    }
}
