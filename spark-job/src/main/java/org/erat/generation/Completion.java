package org.erat.generation;

/**
 * How a prompt goes on.
 *
 * @param tokens without an end token
 * @param ended whether an end token came after them; if not, there was no room for more
 */
public record Completion(int[] tokens, boolean ended) {}
