package org.erat.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Pages in Chromium: mvn test -Pbrowser, with Debian's package chromium. Screenshots are left in {@code
 * target/screenshots}.
 */
@Tag("browser")
class ReportInBrowserTest {
    private static final Path SCREENSHOTS = Path.of("target/screenshots");

    @TempDir
    private static Path folder;

    private static Browser browser;

    @BeforeAll
    static void open() throws Exception {
        RunRecords lora = records("lora", 0.9);
        Files.writeString(folder.resolve("run.html"), ReportPage.of(lora));
        Files.writeString(folder.resolve("comparison.html"), ReportPage.of(List.of(lora, records("erat", 1.1))));
        Files.createDirectories(SCREENSHOTS);
        browser = new Browser(folder.resolve("profile"));
    }

    private static RunRecords records(String method, double loss) {
        return RunRecords.read(
                RunFiles.finished(folder.resolve(method), method, loss).toString(), RunFiles.HADOOP);
    }

    @AfterAll
    static void close() {
        browser.close();
    }

    @ParameterizedTest
    @CsvSource({
        "run, 400, light",
        "run, 1400, light",
        "run, 400, dark",
        "run, 1400, dark",
        "comparison, 400, light",
        "comparison, 1400, dark"
    })
    void aPageFitsItsWindowAsksForNothingAndHasNoErrors(String page, int width, String scheme) throws Exception {
        Path file = folder.resolve(page + ".html");
        browser.open(file, width, scheme);

        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(width);
        assertThat(browser.evaluate("document.querySelectorAll('figure svg').length")
                        .asInt())
                .isPositive();
        String background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
                .asText();
        assertThat(background).isEqualTo(scheme.equals("dark") ? "rgb(13, 17, 23)" : "rgb(255, 255, 255)");
        assertThat(browser.requests()).containsExactly(file.toUri().toString());
        assertThat(browser.complaints()).isEmpty();
        Files.write(
                SCREENSHOTS.resolve(page + "-" + width + "-" + scheme + ".png"),
                Base64.getDecoder().decode(browser.screenshot()));
    }
}
