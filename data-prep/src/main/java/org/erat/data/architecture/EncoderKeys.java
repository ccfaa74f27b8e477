package org.erat.data.architecture;

/**
 * The keys under which a {@code config.json} states the sizes of an encoder with learned positions and norms after each
 * part. Families differ in these keys.
 *
 * @param width key of H
 * @param blocks key of L
 * @param heads key of A
 * @param inner key of F
 * @param activation key of the activation of the feed-forward part
 */
record EncoderKeys(String width, String blocks, String heads, String inner, String activation) {
    private static final String VOCABULARY = "vocab_size";
    private static final String POSITIONS = "max_position_embeddings";
    private static final String PADDING = "pad_token_id";

    /** How the tokens of a family know their place. */
    @FunctionalInterface
    interface PositionsOfFamily {
        /**
         * Says so.
         *
         * @param rows of the position embedding table
         */
        Positions.Learned of(int rows, int padTokenId);
    }

    /** Refuses what no encoder of this project computes. */
    static void requireEncoder(ConfigJson config) {
        config.requireText("position_embedding_type", "absolute", "Use a model with absolute position embeddings.");
        config.requireNot("is_decoder", "Use an encoder.");
        config.requireNot("add_cross_attention", "Use an encoder.");
        config.requireEmpty("pruned_heads", "Use a model with all its heads.");
    }

    /**
     * Reads and checks the sizes.
     *
     * @param family name of the family
     * @param tokenTypes rows of the token type embedding table, 0 for none
     * @param positions how tokens of the family know their place
     * @param epsilon added to the variance by every norm
     * @param padTokenId id of the padding token
     * @throws org.erat.data.BadInputException if a size is missing or does not fit another one
     */
    Architecture read(
            ConfigJson config,
            String family,
            int tokenTypes,
            PositionsOfFamily positions,
            double epsilon,
            int padTokenId) {
        int h = config.size(width);
        int a = config.size(heads);
        if (config.size(blocks) > Architecture.MOST_BLOCKS) {
            throw config.refused(blocks + " " + config.size(blocks) + " is more than " + Architecture.MOST_BLOCKS
                    + ". Correct config.json.");
        }
        if (h % a != 0) {
            throw config.refused(heads + " " + a + " does not divide " + width + " " + h + ". Correct config.json.");
        }
        Positions.Learned places = positions.of(config.size(POSITIONS), padTokenId);
        Architecture architecture;
        try {
            architecture = Architecture.encoder(
                    family,
                    config.size(VOCABULARY),
                    tokenTypes,
                    places,
                    config.size(blocks),
                    h,
                    a,
                    config.size(inner),
                    config.activation(activation),
                    epsilon,
                    padTokenId);
        } catch (IllegalArgumentException e) {
            throw config.refused(e.getMessage() + ". Correct config.json.");
        }
        if (padTokenId >= architecture.vocabulary()) {
            throw config.refused(PADDING + " " + padTokenId + " is not below " + VOCABULARY + " "
                    + architecture.vocabulary() + ". Correct config.json.");
        }
        if (architecture.maxLength() < 1) {
            throw config.refused(POSITIONS + " " + places.rows() + " leaves no position after the " + places.offset()
                    + " that come before the first token. Correct config.json.");
        }
        return architecture;
    }
}
