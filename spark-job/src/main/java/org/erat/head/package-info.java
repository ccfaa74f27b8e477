/**
 * Task heads: which hidden states a head reads, its parameters, forward and backward pass, and its loss, written once over
 * {@code compute}. Start at {@link org.erat.head.Head}. May use {@code model}, {@code
 * compute}, {@code config} and data-prep.
 */
package org.erat.head;
