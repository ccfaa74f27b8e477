/**
 * Files and folders on any Hadoop file system that appear whole or not at all ({@link org.erat.data.storage.Storage}).
 * Uses Hadoop and Spark only.
 */
package org.erat.data.storage;
