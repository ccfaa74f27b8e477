/**
 * What all rooms share: errors, each with the exit code of the process that it ends, and how Spark carries records. Uses
 * Spark's serializer only.
 */
package org.erat.data;
