package org.erat.textmetric.meteor;

import java.util.Set;

/**
 * What METEOR knows of a word.
 *
 * @param text the word in lower case
 * @param stem its stem
 * @param synsets the sets of synonyms that it is in, by number
 * @param function whether it is a function word, which counts less than one of content
 */
record Word(String text, String stem, Set<Integer> synsets, boolean function) {}
