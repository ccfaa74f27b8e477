/**
 * What all rooms share: errors, each with the exit code of the process that it ends, digests, random numbers, the nearest
 * name to a wrong one, and how Spark carries records. Uses commons-text and Spark's serializer only.
 */
package org.erat.data;
