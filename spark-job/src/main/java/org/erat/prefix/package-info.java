/**
 * Encoders as language models of a target after a source: the batch of a pass, formed of plain sequences. Start at
 * {@link org.erat.prefix.PassInputs}. May use {@code head}, {@code method}, {@code model} and the packages below them.
 */
package org.erat.prefix;
