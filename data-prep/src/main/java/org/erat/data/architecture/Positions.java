package org.erat.data.architecture;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;

/** How the tokens of a model know their place. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Positions.Learned.class, name = "learned"),
    @JsonSubTypes.Type(value = Positions.Rotary.class, name = "rotary")
})
public sealed interface Positions extends Serializable {
    /** Rows of the position embedding table, P; 0 for none. */
    int rows();

    /** Longest sequence in tokens. */
    int maxLength();

    /**
     * The position of each token, which is its row of a table.
     *
     * @param tokenIds [B,T] row-major
     * @param tokens T
     * @return [B,T]
     */
    int[] of(int[] tokenIds, int tokens, int padTokenId);

    /** The same of tokens at given positions, which count from 0. */
    int[] of(int... positions);

    /** Learned positions that count every token. */
    static Learned ofAllTokens(int rows) {
        return new Learned(rows, 0, false);
    }

    /** Learned positions that skip padding. */
    static Learned ofRealTokens(int rows, int padTokenId) {
        return new Learned(rows, padTokenId + 1, true);
    }

    /**
     * Learned absolute positions: a table [P,H] that is added to the word embeddings.
     *
     * @param rows P
     * @param offset row of the first token
     * @param skipsPadding whether a token with the id of padding takes no position of its own, wherever it stands: it has
     *     the row before the first token's, and the tokens after it count on as if it were not there (RoBERTa)
     */
    record Learned(int rows, int offset, boolean skipsPadding) implements Positions {
        @Override
        public int maxLength() {
            return rows - offset;
        }

        @Override
        public int[] of(int[] tokenIds, int tokens, int padTokenId) {
            int[] positions = new int[tokenIds.length];
            int next = offset;
            for (int i = 0; i < positions.length; i++) {
                if (i % tokens == 0) {
                    next = offset;
                }
                boolean skipped = skipsPadding && tokenIds[i] == padTokenId;
                positions[i] = skipped ? offset - 1 : next++;
            }
            return positions;
        }

        @Override
        public int[] of(int... positions) {
            return IntStream.of(positions).map(position -> offset + position).toArray();
        }
    }

    /**
     * Rotary position embeddings (Su et al., arXiv 2104.09864): query and key are rotated by their position, each pair of
     * their elements (i, i + D/2) at a frequency of its own.
     *
     * @param rotations at which frequencies, of each block, or one for all blocks
     * @param maxLength longest sequence in tokens
     */
    record Rotary(List<Rotation> rotations, int maxLength) implements Positions {
        public Rotary {
            rotations = PerBlock.of(rotations);
        }

        /** The same in all blocks. */
        public Rotary(double theta, RotaryScaling scaling, int maxLength) {
            this(List.of(new Rotation(theta, scaling)), maxLength);
        }

        /** That of a block. */
        public Rotation rotation(int block) {
            return PerBlock.at(rotations, block);
        }

        @Override
        public int rows() {
            return 0;
        }

        @Override
        public int[] of(int[] tokenIds, int tokens, int padTokenId) {
            int[] positions = new int[tokenIds.length];
            for (int i = 0; i < positions.length; i++) {
                positions[i] = i % tokens;
            }
            return positions;
        }

        @Override
        public int[] of(int... positions) {
            return positions.clone();
        }
    }

    /**
     * The frequencies of a rotation.
     *
     * @param theta base θ of the frequencies
     * @param scaling what stretches the frequencies to longer texts
     */
    record Rotation(double theta, RotaryScaling scaling) implements Serializable {
        /**
         * The angle between neighbouring positions for each pair of elements, scaled θ^(−2i/D).
         *
         * @param headWidth D
         * @return [D/2]
         */
        public double[] frequencies(int headWidth) {
            double[] frequencies = new double[headWidth / 2];
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] = scaling.of(Math.pow(theta, -2.0 * i / headWidth));
            }
            return frequencies;
        }
    }
}
