package org.erat.data.architecture;

import java.io.Serializable;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a transformer computes, as data: the one description that the forward and backward pass, the adapters' layout and
 * the estimate of memory go by. A {@link Family} makes it of a {@code config.json}.
 *
 * @param family name of the {@link Family}: {@code bert}
 * @param vocabulary V, rows of the word embedding table
 * @param tokenTypes rows of the token type embedding table; 0 for none
 * @param positions how tokens know their place
 * @param blocks L
 * @param width H, width of the hidden states
 * @param embeddingWidth E, width of the embeddings; a linear map makes hidden states of them where it is not H
 * @param heads of the attention
 * @param masks which keys a query sees, of each block, or one for all blocks; all causal, or none
 * @param feedForward the second part of a block
 * @param norm normalization of the hidden states
 * @param biases which of the linear maps have a bias
 * @param tied whether a language model's output matrix is that of the word embeddings
 * @param padTokenId id that fills the end of short examples
 * @param pooling which hidden state stands for a whole text in the family's classifier
 */
public record Architecture(
        String family,
        int vocabulary,
        int tokenTypes,
        Positions positions,
        int blocks,
        int width,
        int embeddingWidth,
        Heads heads,
        List<Mask> masks,
        FeedForward feedForward,
        Norm norm,
        Biases biases,
        boolean tied,
        int padTokenId,
        Pooling pooling)
        implements Serializable {
    /** Far above any model, and low enough for products of them to be counted. */
    private static final int MOST = 1 << 20;

    private static final int MOST_WORDS = 1 << 28;

    /** Keeps a wrong number from filling memory with names of tensors. */
    static final int MOST_BLOCKS = 1000;

    public Architecture {
        masks = PerBlock.of(masks);
        requireSize("vocabulary", vocabulary, MOST_WORDS);
        requireSize("blocks", blocks, MOST_BLOCKS);
        requireSize("width", width, MOST);
        requireSize("width of the embeddings", embeddingWidth, MOST);
        requireSize("heads", heads.query(), MOST);
        requireSize("key/value heads", heads.keyValue(), MOST);
        requireSize("width of a head", heads.width(), MOST);
        requireSize("width of all heads", (long) heads.query() * heads.width(), MOST);
        requireSize("width of all key/value heads", (long) heads.keyValue() * heads.width(), MOST);
        requireSize("width of the feed-forward part", feedForward.width(), MOST);
        PerBlock.require("masks", masks, blocks);
        if (positions instanceof Positions.Rotary rotary) {
            PerBlock.require("rotations", rotary.rotations(), blocks);
        }
        if (masks.stream().map(Mask::causal).distinct().count() > 1) {
            throw new IllegalArgumentException("An architecture of which some blocks are causal and others are not");
        }
    }

    private static void requireSize(String what, long value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(
                    "An architecture whose " + what + " is " + value + ", which is not in 1.." + most);
        }
    }

    /**
     * Heads of the attention.
     *
     * @param query A, heads of the query
     * @param keyValue K, heads of key and value; divides A
     * @param width D, width of one head
     * @param normalized whether each head of query and key passes an RMS norm of its own before its positions are added
     *     (Qwen3)
     */
    public record Heads(int query, int keyValue, int width, boolean normalized) implements Serializable {
        /** Heads without norms. */
        public Heads(int query, int keyValue, int width) {
            this(query, keyValue, width, false);
        }
    }

    /**
     * Which keys of its example a query sees.
     *
     * @param causal whether it sees none behind its own position
     * @param window W, how many it sees at most at its own position and before it, and if it is not causal at its own
     *     position and behind it
     */
    public record Mask(boolean causal, int window) implements Serializable {
        /** All. */
        public static final Mask BIDIRECTIONAL = new Mask(false, Integer.MAX_VALUE);

        /** All at its own position and before it. */
        public static final Mask CAUSAL = slidingWindow(Integer.MAX_VALUE);

        /** The last W at its own position and before it (Mistral, arXiv 2310.06825). */
        public static Mask slidingWindow(int window) {
            return new Mask(true, window);
        }

        /** Those fewer than W positions away, on either side (Longformer, arXiv 2004.05150). */
        public static Mask around(int window) {
            return new Mask(false, window);
        }

        /** Index of the first key that a query sees. */
        public int firstKey(int query) {
            return Math.max(0, query - window + 1);
        }

        /** Index after the last key that a query sees, in an example of {@code length} tokens. */
        public int endOfKeys(int query, int length) {
            return causal ? query + 1 : (int) Math.min(length, (long) query + window);
        }

        /** Whether one of so many tokens misses one that is no padding. */
        public boolean hidesKeys(int tokens) {
            return causal || window < tokens;
        }
    }

    /**
     * output(f(intermediate(x))), or gated: output(f(gate(x)) · intermediate(x)) (Shazeer, arXiv 2002.05202).
     *
     * @param width F, the inner width
     * @param activation f
     * @param gated whether there is a gate
     */
    public record FeedForward(int width, Activation activation, boolean gated) implements Serializable {}

    /**
     * Normalization of hidden states.
     *
     * @param kind what is computed
     * @param place where it stands
     * @param epsilon added to the variance, or to the mean square
     */
    public record Norm(Kind kind, Place place, double epsilon) implements Serializable {
        /** What a norm computes. */
        public enum Kind {
            /** Layer normalization, with weight and bias. */
            LAYER,
            /** Layer normalization, with a weight alone. */
            LAYER_WITHOUT_BIAS,
            /** Division by the root mean square, with a weight (arXiv 1910.07467). */
            RMS;

            /** Whether it has a bias. */
            public boolean hasBias() {
                return this == LAYER;
            }

            /** Whether it subtracts the mean. */
            public boolean centers() {
                return this != RMS;
            }
        }
    }

    /** Where a norm stands, beside a part f of a block. */
    public enum Place {
        /** norm(x + f(x)). */
        POST,
        /** x + f(norm(x)), with one more norm after the last block. */
        PRE
    }

    /** Which hidden state stands for a whole text. */
    public enum Pooling {
        /** That of the first token. */
        FIRST_TOKEN,
        /** That of the last token. */
        LAST_TOKEN,
        /** The mean of all. */
        MEAN
    }

    /** Which of the linear maps of a block have a bias. */
    public enum Biases {
        /** All. */
        ALL,
        /** Query, key and value. */
        QUERY_KEY_VALUE,
        /** All of the attention. */
        ATTENTION,
        /** All of the feed-forward part. */
        FEED_FORWARD,
        /** None. */
        NONE;

        /** Those of two parts. */
        static Biases of(boolean attention, boolean feedForward) {
            if (attention) {
                return feedForward ? ALL : ATTENTION;
            }
            return feedForward ? FEED_FORWARD : NONE;
        }

        /** Whether a projection has one. */
        public boolean on(Projection projection) {
            return switch (this) {
                case ALL -> true;
                case QUERY_KEY_VALUE -> projection.isOfAttention() && projection != Projection.ATTENTION_OUTPUT;
                case ATTENTION -> projection.isOfAttention();
                case FEED_FORWARD -> !projection.isOfAttention();
                case NONE -> false;
            };
        }
    }

    /**
     * An encoder as BERT is one: attention in both directions, layer normalization after each part, biases everywhere.
     *
     * @param heads A, of query, key and value alike; divides {@code width}
     * @param inner F, the inner width of the feed-forward parts
     */
    public static Architecture encoder(
            String family,
            int vocabulary,
            int tokenTypes,
            Positions positions,
            int blocks,
            int width,
            int heads,
            int inner,
            Activation activation,
            double epsilon,
            int padTokenId) {
        return new Architecture(
                family,
                vocabulary,
                tokenTypes,
                positions,
                blocks,
                width,
                width,
                new Heads(heads, heads, width / heads),
                List.of(Mask.BIDIRECTIONAL),
                new FeedForward(inner, activation, false),
                new Norm(Norm.Kind.LAYER, Place.POST, epsilon),
                Biases.ALL,
                true,
                padTokenId,
                Pooling.FIRST_TOKEN);
    }

    /** The same with embeddings of another width. */
    public Architecture withEmbeddingWidth(int other) {
        return new Architecture(
                family,
                vocabulary,
                tokenTypes,
                positions,
                blocks,
                width,
                other,
                heads,
                masks,
                feedForward,
                norm,
                biases,
                tied,
                padTokenId,
                pooling);
    }

    /** Whether a linear map makes hidden states of the embeddings. */
    public boolean projectsEmbeddings() {
        return embeddingWidth != width;
    }

    /** Which keys a query of a block sees. */
    public Mask mask(int block) {
        return PerBlock.at(masks, block);
    }

    /** Whether a query sees none behind its own position, as in a language model that predicts the next token. */
    public boolean causal() {
        return masks.get(0).causal();
    }

    /** The projections of each block, in the order of the forward pass. */
    public List<Projection> projections() {
        return Stream.of(Projection.values())
                .filter(projection -> projection != Projection.GATE || feedForward.gated())
                .toList();
    }

    /** Whether the heads of a projection are normalized. */
    public boolean hasHeadNorm(Projection projection) {
        return heads.normalized() && (projection == Projection.QUERY || projection == Projection.KEY);
    }

    /**
     * The position of each token, which is its row of the position embedding table where there is one.
     *
     * @param tokenIds [B,T] row-major
     * @param tokens T
     * @return [B,T]
     */
    public int[] positionRows(int[] tokenIds, int tokens) {
        return positions.of(tokenIds, tokens, padTokenId);
    }

    /** The same of tokens at given positions, which count from 0. */
    public int[] positionRows(int... ofTokens) {
        return positions.of(ofTokens);
    }

    /** What differs in another architecture, a text for each part: {@code blocks (2 there, 3 here)}; empty for none. */
    public List<String> differences(Architecture there) {
        List<String> differences = new ArrayList<>();
        for (RecordComponent part : Architecture.class.getRecordComponents()) {
            Object here = value(part, this);
            Object other = value(part, there);
            if (!here.equals(other)) {
                differences.add(String.format("%s (%s there, %s here)", part.getName(), other, here));
            }
        }
        return differences;
    }

    private static Object value(RecordComponent part, Architecture of) {
        try {
            return part.getAccessor().invoke(of);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Longest sequence in tokens. */
    public int maxLength() {
        return positions.maxLength();
    }

    /** Width of the input of a projection. */
    public int in(Projection projection) {
        return switch (projection) {
            case QUERY, KEY, VALUE, GATE, INTERMEDIATE -> width;
            case ATTENTION_OUTPUT -> heads.query() * heads.width();
            case OUTPUT -> feedForward.width();
        };
    }

    /** Width of the output of a projection. */
    public int out(Projection projection) {
        return switch (projection) {
            case QUERY -> heads.query() * heads.width();
            case KEY, VALUE -> heads.keyValue() * heads.width();
            case ATTENTION_OUTPUT, OUTPUT -> width;
            case GATE, INTERMEDIATE -> feedForward.width();
        };
    }
}
