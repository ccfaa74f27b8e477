package org.erat.data.text;

import org.erat.data.tokenized.Manifest;

/**
 * A tokenized data set that is ready.
 *
 * @param manifest what it holds
 * @param reused whether it was there before, made of the same input in the same way
 */
public record PreparedData(Manifest manifest, boolean reused) {}
