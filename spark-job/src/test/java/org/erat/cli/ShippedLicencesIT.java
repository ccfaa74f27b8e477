package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The licences in the jars, held against what the jars hold. */
class ShippedLicencesIT {
    private static final Path HOME = Path.of(System.getProperty("erat.home"));
    private static final Pattern ARTIFACT = Pattern.compile("META-INF/maven/([^/]+)/([^/]+)/pom\\.properties");
    private static final Pattern NATIVE_LIBRARY = Pattern.compile("(?:.*/)?([^/]+\\.so(?:\\.\\d+)*)");

    @ParameterizedTest
    @ValueSource(strings = {"data-prep", "spark-job"})
    void everyModulesJarHoldsTheProjectsLicenceAndNotice(String module) throws IOException {
        List<Path> jars = new ArrayList<>();
        try (DirectoryStream<Path> built =
                Files.newDirectoryStream(HOME.resolve(module).resolve("target"), module + "-*.jar")) {
            built.forEach(jars::add);
        }
        assertThat(jars).isNotEmpty();
        for (Path path : jars) {
            try (JarFile jar = new JarFile(path.toFile())) {
                assertThat(text(jar, "META-INF/LICENSE")).isEqualTo(Files.readString(HOME.resolve("LICENSE")));
                assertThat(text(jar, "META-INF/NOTICE")).contains("ERAT-DLoRA on Spark");
            }
        }
    }

    @Test
    void everyBundledArtifactAndNativeLibraryIsListedWithItsLicence() throws IOException {
        try (JarFile jar = new JarFile(System.getProperty("erat.jar"))) {
            String list = text(jar, "META-INF/THIRD-PARTY.txt");
            List<String> bundled = new ArrayList<>();
            for (String entry : jar.stream().map(ZipEntry::getName).toList()) {
                Matcher artifact = ARTIFACT.matcher(entry);
                Matcher library = NATIVE_LIBRARY.matcher(entry);
                if (artifact.matches() && !artifact.group(1).equals("org.erat")) {
                    bundled.add(artifact.group(1) + ":" + artifact.group(2));
                } else if (library.matches()) {
                    bundled.add(library.group(1));
                }
            }
            assertThat(bundled).contains("org.bytedeco:dnnl", "libdnnl.so.3", "libtokenizers.so", "libgomp.so.1");
            assertThat(bundled).allSatisfy(name -> assertThat(list)
                    .containsPattern("(?m)(^|[ ,])" + Pattern.quote(name) + "($|[:,])"));
        }
    }

    @Test
    void noticesAndLicenceTextsOfOthersAreInTheJobsJar() throws IOException {
        try (JarFile jar = new JarFile(System.getProperty("erat.jar"))) {
            assertThat(text(jar, "META-INF/NOTICE")).contains("ERAT-DLoRA on Spark", "Apache Commons CSV", "Joda.org");
            assertThat(jar.stream().map(ZipEntry::getName).filter(name -> name.startsWith("META-INF/licenses/")))
                    .contains(
                            "META-INF/licenses/BSD-2-Clause.txt",
                            "META-INF/licenses/BSD-3-Clause.txt",
                            "META-INF/licenses/CDDL-1.1.txt",
                            "META-INF/licenses/EPL-1.0.txt",
                            "META-INF/licenses/GCC-exception-3.1.txt",
                            "META-INF/licenses/GPL-3.0.txt",
                            "META-INF/licenses/LGPL-2.1.txt",
                            "META-INF/licenses/MIT.txt",
                            "META-INF/licenses/MPL-2.0.txt");
        }
    }

    private static String text(JarFile jar, String name) throws IOException {
        ZipEntry entry = jar.getEntry(name);
        assertThat(entry).as(name + " in " + jar.getName()).isNotNull();
        return new String(jar.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8);
    }
}
