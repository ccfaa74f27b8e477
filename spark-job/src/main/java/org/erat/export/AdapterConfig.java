package org.erat.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.erat.adapter.AdapterSpec;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.JsonReason;
import org.erat.data.StrictJson;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.TaskHead;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadSpec;
import org.erat.model.BaseModelReference;

/**
 * {@code head_config.json}: which base model an adapter belongs to, what its matrices and its head are, and what the outputs
 * mean.
 *
 * @param version of this format, {@link #VERSION}
 */
record AdapterConfig(
        int version,
        BaseModelReference base,
        Architecture architecture,
        AdapterSpec adapter,
        HeadSpec head,
        String task,
        TaskType type,
        List<String> labelNames,
        List<String> metrics) {
    static final int VERSION = 6;

    /** The version whose architecture did not state biases, the kind of norm, a gate and how positions count. */
    private static final int ENCODERS_OF_BERT = 2;

    /** The version whose architecture did not state what only decoders vary. */
    private static final int ENCODERS = 3;

    /** The version whose heads had the layers that {@link #withLayers} gives them. */
    private static final int FIXED_HEADS = 4;

    /** The version whose blocks were alike, with embeddings as wide as they, and whose heads had no norms. */
    private static final int BLOCKS_ALIKE = 5;

    private static final ObjectMapper JSON = StrictJson.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    static AdapterConfig of(TrainedAdapter adapter) {
        return new AdapterConfig(
                VERSION,
                adapter.base(),
                adapter.architecture(),
                adapter.adapter(),
                adapter.head(),
                adapter.task(),
                adapter.type(),
                adapter.labelNames(),
                adapter.metrics());
    }

    byte[] toJson() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Text, numbers and lists are always JSON", e);
        }
    }

    TrainedAdapter with(float[] parameters) {
        return new TrainedAdapter(base, architecture, adapter, head, task, type, labelNames, metrics, parameters);
    }

    /**
     * Reads what {@link #toJson} wrote, in this version or one before.
     *
     * @param place for the message
     */
    static AdapterConfig parse(byte[] json, String place) {
        try {
            JsonNode tree = JSON.readTree(json);
            int version = tree.path("version").asInt(-1);
            if (version == AdapterConfigV1.VERSION) {
                return AdapterConfigV1.parse(json);
            }
            if (version == ENCODERS_OF_BERT) {
                withPartsOfEncoders(tree.withObject("/architecture"));
            }
            if (version == ENCODERS_OF_BERT || version == ENCODERS) {
                withPartsOfDecoders(tree.withObject("/architecture"));
            }
            if (version >= ENCODERS_OF_BERT && version <= BLOCKS_ALIKE) {
                ((ObjectNode) tree).put("version", VERSION);
                withBlocksApart(tree.withObject("/architecture"));
                if (version <= FIXED_HEADS) {
                    withLayers(
                            tree.withObject("/head"), JSON.treeToValue(tree.path("architecture"), Architecture.class));
                } else {
                    tree.withObject("/head/layers").putArray("norms");
                }
                return JSON.treeToValue(tree, AdapterConfig.class);
            }
            if (version != VERSION) {
                throw FileSignature.explain(
                        place,
                        json,
                        new BadInputException(place + ": version " + tree.path("version")
                                + " is not known. This program reads versions 1 to " + VERSION
                                + ". Read it with the program that wrote it."));
            }
            return JSON.readValue(json, AdapterConfig.class);
        } catch (IOException e) {
            throw FileSignature.explain(place, json, unreadable(place, JsonReason.of(e), e));
        } catch (IllegalArgumentException e) {
            throw unreadable(place, e.getMessage(), e);
        }
    }

    /** What every architecture of version 2 had without saying so. */
    private static void withPartsOfEncoders(ObjectNode architecture) {
        architecture.put("biases", Architecture.Biases.ALL.name());
        architecture
                .withObject("/positions")
                .put("skips_padding", architecture.path("family").asText().equals("roberta"));
        architecture.withObject("/norm").put("kind", Architecture.Norm.Kind.LAYER.name());
        architecture.withObject("/feed_forward").put("gated", false);
    }

    /** What every architecture of version 3 had without saying so. */
    private static void withPartsOfDecoders(ObjectNode architecture) {
        architecture.withObject("/positions").put("kind", "learned");
        architecture.withObject("/heads").put("normalized", false);
        architecture.set("mask", JSON.valueToTree(Architecture.Mask.BIDIRECTIONAL));
        architecture.put("tied", true);
    }

    /** What every architecture of version 5 had without saying so. */
    private static void withBlocksApart(ObjectNode architecture) {
        architecture.set("embedding_width", architecture.path("width"));
        JsonNode mask = architecture.remove("mask");
        architecture.putArray("masks").add(mask);
        Architecture.Pooling pooling =
                mask.path("causal").asBoolean() ? Architecture.Pooling.LAST_TOKEN : Architecture.Pooling.FIRST_TOKEN;
        architecture.put("pooling", pooling.name());
        ObjectNode positions = architecture.withObject("/positions");
        if (positions.path("kind").asText().equals("rotary")) {
            ObjectNode rotation = positions.putArray("rotations").addObject();
            rotation.set("theta", positions.remove("theta"));
            rotation.set("scaling", positions.remove("scaling"));
        }
    }

    /** What every head of version 4 had without saying so. */
    private static void withLayers(ObjectNode head, Architecture architecture) {
        boolean ofTokens = head.path("readout").asText().equals(HeadSpec.Readout.TARGET_TOKENS.name());
        boolean ofVocabulary = head.path("loss").asText().endsWith("_TOKEN");
        TaskHead layers = !ofTokens
                ? TaskHead.OF_POOLED_STATES
                : ofVocabulary ? TaskHead.NONE : Families.of(architecture).tokenClassifier(architecture);
        head.set("layers", JSON.valueToTree(layers));
        head.put("dropout", 0);
    }

    /** The class of the transformers library that has the adapter's model with its head. */
    ModelClass modelClass() {
        return ModelClass.of(type, head.layers(), architecture);
    }

    private static BadInputException unreadable(String place, String reason, Exception cause) {
        return new BadInputException(
                place + ": is not the description of an adapter (" + reason
                        + "). Write the adapter again: run train or export again.",
                cause);
    }
}
