/**
 * The transformer: its frozen weights, one copy of them in each JVM, and its forward and backward pass, written once over
 * {@code compute} for any architecture. Start at {@link org.erat.model.Transformer} and {@code Block}. May use {@code
 * adapter}, {@code compute}, {@code config} and data-prep.
 */
package org.erat.model;
