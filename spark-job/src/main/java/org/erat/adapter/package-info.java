/**
 * The low-rank matrices: their offsets in the flat parameter vector, which of their rows take part in a pass, and their
 * forward and backward pass. Start at {@link org.erat.adapter.LowRankAdapter}. May use {@code compute}, {@code config} and
 * data-prep.
 */
package org.erat.adapter;
