package org.erat.data.architecture;

import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of a model's tensors, from its {@link Architecture} and the names of its {@link Family}. */
public final class ModelTensors {
    private ModelTensors() {}

    /** The tensor {@code NAME.weight} of a linear map or a norm. */
    public static String weight(String name) {
        return name + ".weight";
    }

    /** The tensor {@code NAME.bias} of a linear map or a norm. */
    public static String bias(String name) {
        return name + ".bias";
    }

    /** The tensors that every model has, with their shapes, in the order of the forward pass. */
    public static Map<String, long[]> required(Architecture architecture) {
        Family family = Families.of(architecture);
        int width = architecture.embeddingWidth();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(family.wordEmbeddings(), new long[] {architecture.vocabulary(), width});
        family.positionEmbeddings()
                .ifPresent(name ->
                        shapes.put(name, new long[] {architecture.positions().rows(), width}));
        family.tokenTypeEmbeddings().ifPresent(name -> shapes.put(name, new long[] {architecture.tokenTypes(), width}));
        family.embeddingNorm().ifPresent(name -> norm(shapes, name, width, architecture));
        if (architecture.projectsEmbeddings()) {
            linear(shapes, family.embeddingProjection(), architecture.width(), width, true);
        }
        family.finalNorm().ifPresent(name -> norm(shapes, name, architecture));
        for (int block = 0; block < architecture.blocks(); block++) {
            for (Projection projection : architecture.projections()) {
                linear(
                        shapes,
                        family.projection(block, projection),
                        architecture.out(projection),
                        architecture.in(projection),
                        architecture.biases().on(projection));
                if (architecture.hasHeadNorm(projection)) {
                    shapes.put(
                            weight(family.headNorm(block, projection)),
                            new long[] {architecture.heads().width()});
                }
                if (projection == Projection.ATTENTION_OUTPUT && family.hasAttentionNorm(block)) {
                    norm(shapes, family.attentionNorm(block), architecture);
                }
            }
            norm(shapes, family.feedForwardNorm(block), architecture);
        }
        return shapes;
    }

    /** The tensors of the pooler, with their shapes; empty where the family has none. A model has all of them or none. */
    public static Map<String, long[]> pooler(Architecture architecture) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Families.of(architecture).pooler().ifPresent(pooler -> {
            linear(shapes, pooler.dense(), architecture.width(), architecture.width(), pooler.biased());
            pooler.norm().ifPresent(name -> norm(shapes, name, architecture));
        });
        return shapes;
    }

    /**
     * The tensors of the masked-language-model head, with their shapes; empty where the family has none. A model has all
     * of them or none. The output weights are the word embeddings.
     */
    public static Map<String, long[]> maskedLanguageModelHead(Architecture architecture) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Families.of(architecture).maskedLanguageModelHead().ifPresent(head -> {
            linear(shapes, head.dense(), architecture.width(), architecture.width(), true);
            norm(shapes, head.norm(), architecture);
            shapes.put(head.bias(), new long[] {architecture.vocabulary()});
        });
        return shapes;
    }

    /**
     * The output matrix of a causal language model, with its shape; empty where the family has none or it is the word
     * embeddings. A model has it or not.
     */
    public static Map<String, long[]> languageModelHead(Architecture architecture) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        if (!architecture.tied()) {
            Families.of(architecture)
                    .languageModelHead()
                    .ifPresent(name -> linear(shapes, name, architecture.vocabulary(), architecture.width(), false));
        }
        return shapes;
    }

    /**
     * The tensor [V,H] of which a causal language model forms its logits, hidden·Wᵀ: the word embeddings where both are
     * tied.
     *
     * @throws IllegalArgumentException if the family has no causal language model
     */
    public static String outputMatrix(Architecture architecture) {
        Family family = Families.of(architecture);
        String head = family.languageModelHead()
                .orElseThrow(() ->
                        new IllegalArgumentException(family.name() + " is a family without causal language models"));
        return architecture.tied() ? family.wordEmbeddings() : weight(head);
    }

    private static void linear(Map<String, long[]> shapes, String name, long out, long in, boolean hasBias) {
        shapes.put(weight(name), new long[] {out, in});
        if (hasBias) {
            shapes.put(bias(name), new long[] {out});
        }
    }

    private static void norm(Map<String, long[]> shapes, String name, Architecture architecture) {
        norm(shapes, name, architecture.width(), architecture);
    }

    private static void norm(Map<String, long[]> shapes, String name, int width, Architecture architecture) {
        shapes.put(weight(name), new long[] {width});
        if (architecture.norm().kind().hasBias()) {
            shapes.put(bias(name), new long[] {width});
        }
    }
}
