/**
 * Raw text to the tokenized data set. Start with {@link org.erat.data.text.Tokenization}. {@code TextTask} says how a
 * data set is laid out, the {@code …Rows} classes read its rows strictly, {@code LabelCheck} and {@code PromptCheck} check them, and
 * {@code TokenizedPart} tokenizes in Spark tasks. {@code WordEncoding} aligns words and tokens for token classification, {@code PromptEncoder} lays out prompts and completions
 * for language modeling. Uses {@code org.erat.data}, {@code org.erat.data.chat}, {@code org.erat.data.tokenized}, {@code org.erat.data.maven}, {@code org.erat.data.storage}, Spark,
 * Hadoop's FileSystem, the Hugging Face tokenizers and, of base models ({@code org.erat.data.basemodel}), the
 * {@code tokenizer.json} only.
 *
 * <p>Rows pass the driver once, one at a time: there their encoding, columns and labels are checked, so that an error
 * names a file and a line, and there they get their ids. They are staged in parts of equal size on the output's file
 * system, and each part is tokenized by one Spark task; so the result is the same on any cluster, and inputs that only
 * the driver can see (a local file, a Maven artifact) work on a cluster too.
 *
 * <p>The tokenizers are native code. Set the environment variable {@code RUST_FLAVOR=cpu} for driver and executors:
 * without it the library looks for an accelerator's build of itself, and may try to download one.
 */
package org.erat.data.text;
