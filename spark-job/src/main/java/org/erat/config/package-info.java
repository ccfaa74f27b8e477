/**
 * Typed configuration: the names of the settings, their defaults and ranges, and the immutable records that the rest of
 * the job is given. Uses {@code org.erat.data} (errors), the HOCON library and, to name the nearest key, commons-text.
 */
package org.erat.config;
