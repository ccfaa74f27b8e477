/**
 * The low-rank matrices: where they lie in the flat parameter vector, how they start, and their forward and backward
 * pass over a window of rows. May use {@code compute}, {@code schedule}, {@code config} and data-prep.
 */
package org.erat.adapter;
