package org.erat.textmetric.meteor;

/**
 * Words of a hypothesis that match words of a reference.
 *
 * @param module how they match
 * @param hypothesisStart index of the first word in the hypothesis
 * @param hypothesisLength number of words there
 * @param referenceStart index of the first word in the reference
 * @param referenceLength number of words there
 */
record Match(MatchModule module, int hypothesisStart, int hypothesisLength, int referenceStart, int referenceLength) {
    static Match ofWords(MatchModule module, int inHypothesis, int inReference) {
        return new Match(module, inHypothesis, 1, inReference, 1);
    }

    int hypothesisEnd() {
        return hypothesisStart + hypothesisLength;
    }

    int referenceEnd() {
        return referenceStart + referenceLength;
    }
}
