package org.erat.config;

import java.io.Serializable;

/**
 * Prepared data: folders with {@code manifest.json} and the splits {@code train} and {@code validation}.
 *
 * @param train folder of the training split
 * @param validation folder of the validation split; the same one unless set
 * @param trainLimit most training examples, 0 for all
 * @param validationLimit most validation examples, 0 for all
 */
public record DataSettings(String train, String validation, int trainLimit, int validationLimit)
        implements Serializable {}
