/**
 * Conversations to text by the chat template of a model. Start with {@link org.erat.data.chat.ChatTemplate}. A template is
 * written in Jinja; the classes {@code Jinja…} read and run the part of that language that chat templates use, with the
 * results of Python's implementation as the transformers library configures it. What they do not know is an error and
 * never an empty text. Uses {@code org.erat.data} only.
 */
package org.erat.data.chat;
