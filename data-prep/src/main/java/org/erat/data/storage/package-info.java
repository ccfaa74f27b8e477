/**
 * Files and folders on any Hadoop file system that appear whole or not at all. Start at {@link
 * org.erat.data.storage.Storage}; {@link org.erat.data.storage.AtomicOutput} is the same for a path that a user names.
 * Uses {@code org.erat.data}, Hadoop and Spark only.
 */
package org.erat.data.storage;
