/**
 * Models and data sets that are published as Maven artifacts ({@link org.erat.data.maven.MavenArtifact}): found in the
 * local repository, or fetched into it by the Maven client ({@link org.erat.data.maven.MavenRepository}). Uses the errors
 * of {@code org.erat.data} only.
 */
package org.erat.data.maven;
