package org.erat.config;

import java.io.Serializable;

/**
 * The frozen base model.
 *
 * @param path its folder: a local path or an address that Hadoop can read
 */
public record ModelSettings(String path) implements Serializable {}
