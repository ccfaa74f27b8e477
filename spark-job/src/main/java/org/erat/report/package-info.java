/**
 * Runs for people to look at: the page of a run or of several, and the list of those below a folder. Start at {@link
 * org.erat.report.ReportPage}. All that is shown comes from the files of run directories, which {@link
 * org.erat.report.RunRecords} reads. May use {@code evaluation} and the packages below it; knows nothing of how a run is
 * made.
 */
package org.erat.report;
