/**
 * The transformer encoder (BERT, RoBERTa): frozen weights, one copy of them in each JVM, and the forward and backward
 * pass, written once over {@code compute}. May use {@code adapter}, {@code compute}, {@code schedule}, {@code config} and
 * data-prep.
 */
package org.erat.model;
