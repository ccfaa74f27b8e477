/**
 * Text generation with a decoder, or with an encoder that was trained as a prefix language model: how the next token is
 * chosen, when a completion ends, and the Spark job that completes many prompts. Start at {@link
 * org.erat.generation.Generations}; {@link org.erat.generation.Generator} is one task's. May use {@code inference}, {@code
 * export}, {@code prefix}, {@code head}, {@code method}, {@code model}, {@code adapter}, {@code compute}, {@code config} and
 * data-prep.
 */
package org.erat.generation;
