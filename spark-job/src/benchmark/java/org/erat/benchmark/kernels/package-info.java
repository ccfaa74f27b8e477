/** Single kernels under JMH, at the shapes of BERT-base with 8 examples of 128 tokens: {@code submit/benchmark --kernels}. */
package org.erat.benchmark.kernels;
