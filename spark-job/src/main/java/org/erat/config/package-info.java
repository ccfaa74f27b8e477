/**
 * Typed configuration: the names of the settings, their defaults and ranges, and the immutable records that the rest of
 * the job is given. Uses {@code org.erat.data} (errors, digests, the nearest name) and the HOCON library.
 */
package org.erat.config;
