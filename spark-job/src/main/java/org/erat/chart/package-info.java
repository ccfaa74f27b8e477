/**
 * Charts as SVG, in a file of their own or inside a page. All of them share one palette and one writer. Start at {@link
 * org.erat.chart.LineChart}. Knows nothing of runs: what it draws are numbers and names.
 */
package org.erat.chart;
