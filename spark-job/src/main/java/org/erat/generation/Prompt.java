package org.erat.generation;

import java.io.Serializable;

/**
 * What is to be continued.
 *
 * @param id place in the output; also what random numbers are keyed by
 * @param place where it comes from, for messages
 * @param text as people read it
 * @param tokens at least one
 */
public record Prompt(long id, String place, String text, int[] tokens) implements Serializable {}
