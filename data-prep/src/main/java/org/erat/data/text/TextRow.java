package org.erat.data.text;

/**
 * One example before tokenization.
 *
 * @param text the text
 * @param pair the second text, or null
 * @param label the label as the file writes it
 */
record TextRow(String text, String pair, String label) {}
