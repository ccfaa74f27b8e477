/**
 * METEOR 1.5. Start at {@link org.erat.textmetric.meteor.Meteor}: {@code Matches} finds the words of a hypothesis and a
 * reference that match, {@code Alignment} chooses among them, {@code MeteorStatistics} counts the chosen ones and computes the
 * score, and {@code MeteorData} has what METEOR knows of English.
 */
package org.erat.textmetric.meteor;
