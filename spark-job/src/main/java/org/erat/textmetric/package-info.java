/**
 * Metrics of generated text against references, as the E2E NLG challenge and the papers after it report them. Start at
 * {@link org.erat.textmetric.GenerationScores}. Each metric has a class of its own, with its definition and source;
 * {@code Mteval13aTokenizer} and {@code PtbTokenizer} make the words that they count, and {@code meteor} has METEOR. Uses
 * {@code org.erat.data} only.
 */
package org.erat.textmetric;
