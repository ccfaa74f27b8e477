/**
 * Models and data sets that are published as Maven artifacts: found in the local repository, or fetched into it by the
 * Maven client. Uses {@code org.erat.data} only.
 */
package org.erat.data.maven;
